internal import Foundation
internal import GRDB
internal import JSON
internal import RunMetadata

extension IndexDatabase {
    /// A change of one run.
    enum Change {
        case put(row: Int, IndexEntry)
        case remove(row: Int)

        var row: Int {
            switch self {
            case .put(let row, _), .remove(let row): row
            }
        }
    }

    /// Makes changes, all or none.
    func apply(_ changes: [Change]) throws(IndexFailure) {
        let known = columns
        do {
            try queue.write { db in
                for change in changes {
                    switch change {
                    case .put(let row, let entry): try put(row, entry, db)
                    case .remove(let row): try remove(row, db)
                    }
                }
            }
        } catch {
            columns = known
            throw IndexFailure(error)
        }
    }

    private func put(_ row: Int, _ entry: IndexEntry, _ db: Database) throws {
        let before = try Data.fetchOne(
            db.cachedStatement(sql: "SELECT columns FROM runs WHERE id = ?"), arguments: [row]
        ).map { try Self.object($0) }
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO runs (id, run, place, state, start, updated, stamp, columns, rows)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            row, entry.run, entry.place.rawValue, entry.state.rawValue, entry.start, entry.updated,
            Int64(bitPattern: entry.stamp.value), Data(JSONWriter.compact(.object(entry.summary.columns))),
            entry.rows.map { Data($0.json) },
        ])
        for member in entry.summary.columns.members where before?[member.name] != member.value {
            try setCell(row, member.name, RunValue(member.value), db)
        }
        for member in before?.members ?? [] where entry.summary.columns[member.name] == nil {
            try removeCell(row, member.name, db)
        }
    }

    private func remove(_ row: Int, _ db: Database) throws {
        for name in try columns(of: row, db).names { try removeCell(row, name, db) }
        try db.cachedStatement(sql: "DELETE FROM runs WHERE id = ?").execute(arguments: [row])
    }

    private func columns(of row: Int, _ db: Database) throws -> JSONObject {
        try Data.fetchOne(db.cachedStatement(sql: "SELECT columns FROM runs WHERE id = ?"), arguments: [row])
            .map { try Self.object($0) } ?? JSONObject()
    }

    private func setCell(_ row: Int, _ name: String, _ value: RunValue, _ db: Database) throws {
        let stored: DatabaseValue =
            switch value {
            case .missing: .null
            case .flag(let flag): (flag ? 1 : 0).databaseValue
            case .number(let number): number.isNaN ? Data().databaseValue : number.databaseValue
            case .text(let text): Self.cut(text).databaseValue
            }
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO cells (column, run, value) VALUES (?, ?, ?)")
            .execute(arguments: [try number(of: name, db), row, stored])
    }

    private func removeCell(_ row: Int, _ name: String, _ db: Database) throws {
        guard let column = columns[name] else { return }
        try db.cachedStatement(sql: "DELETE FROM cells WHERE column = ? AND run = ?").execute(arguments: [column, row])
    }

    private func number(of column: String, _ db: Database) throws -> Int {
        if let number = columns[column] { return number }
        try db.cachedStatement(sql: "INSERT INTO columns (name) VALUES (?)").execute(arguments: [column])
        let number = Int(db.lastInsertedRowID)
        columns[column] = number
        return number
    }

    /// A text as `cells` and the columns in memory have it.
    static func cut(_ text: String) -> String {
        text.utf8.count <= longestText ? text : String(decoding: text.utf8.prefix(longestText), as: UTF8.self)
    }
}
