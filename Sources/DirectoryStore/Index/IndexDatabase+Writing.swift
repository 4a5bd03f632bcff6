internal import Foundation
internal import GRDB
internal import JSON
internal import RunMetadata
internal import RunStore

extension IndexDatabase {
    /// A change of one run.
    enum Change {
        case put(row: Int, IndexEntry)
        case remove(row: Int)

        /// Its weight in memory (`IndexEntry.weight`).
        var weight: Int {
            switch self {
            case .put(_, let entry): entry.weight
            case .remove: 0
            }
        }

        var row: Int {
            switch self {
            case .put(let row, _), .remove(let row): row
            }
        }
    }

    /// A chunk of one column with changed values.
    private struct Piece: Hashable {
        let column: Int
        let chunk: Int
    }

    /// Makes changes, at most one per row. A run that the database rejects is stored without its columns, so that no
    /// run blocks others.
    /// - Returns: the changes as they were made
    @discardableResult
    func apply(_ changes: [Change]) throws(IndexFailure) -> [Change] {
        do throws(IndexFailure) {
            try applyAll(changes)
            return changes
        } catch {
            guard error.isRefusal else { throw error }
        }
        var made: [Change] = []
        for change in changes {
            var change = change
            do throws(IndexFailure) { try applyAll([change]) } catch {
                guard error.isRefusal, case .put(let row, let entry) = change else { throw error }
                change = .put(row: row, entry.bare(because: "\(error)"))
                try applyAll([change])
            }
            made.append(change)
        }
        return made
    }

    /// Makes changes, all or none.
    private func applyAll(_ changes: [Change]) throws(IndexFailure) {
        let known = columns
        do {
            try queue.write { db in
                var cells: [Piece: [(row: Int, value: RunValue)]] = [:]
                for change in changes {
                    let before = try recent[change.row]?.summary ?? summary(of: change.row, db)
                    let after: RunSummary?
                    switch change {
                    case .put(let row, let entry):
                        after = entry.summary
                        try put(IndexBatch.Run(row, entry), db)
                    case .remove(let row):
                        after = nil
                        try db.cachedStatement(sql: "DELETE FROM runs WHERE id = ?").execute(arguments: [row])
                    }
                    func note(_ name: String, _ value: RunValue) throws {
                        guard let number = try number(of: name, db) else { return }
                        let piece = Piece(column: number, chunk: change.row / RunColumn.chunkRows)
                        cells[piece, default: []].append((change.row, value))
                    }
                    for member in after?.all ?? [] where before?[member.name] != member.value {
                        try note(member.name, Self.cell(member.value))
                    }
                    for member in before?.all ?? [] where after?[member.name] == nil {
                        try note(member.name, .missing)
                    }
                }
                for (piece, cells) in cells { try set(cells, in: piece, db) }
            }
        } catch {
            columns = known
            recent = [:]
            throw IndexFailure(error)
        }
        for change in changes { remember(change) }
    }

    /// Adds new runs to the database.
    func add(_ batch: IndexBatch) throws(IndexFailure) {
        do throws(IndexFailure) { try addAll(batch) } catch {
            guard error.isRefusal else { throw error }
            try apply(batch.runs.map { .put(row: $0.row, $0.entry) })
        }
    }

    private func addAll(_ batch: IndexBatch) throws(IndexFailure) {
        let known = columns
        do {
            try queue.write { db in
                for run in batch.runs { try put(run, db) }
                for (name, cells) in batch.cells() {
                    guard let number = try number(of: name, db) else { continue }
                    try put(cells, Piece(column: number, chunk: batch.chunk), db)
                }
            }
        } catch {
            columns = known
            throw IndexFailure(error)
        }
    }

    private func put(_ run: IndexBatch.Run, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO runs
                    (id, run, place, state, start, updated, stamp, columns, extremes, rows, fault)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        let entry = run.entry
        try statement.execute(arguments: [
            run.row, entry.run, entry.place.rawValue, entry.state.rawValue, entry.start, entry.updated,
            Int64(bitPattern: entry.stamp.value), Data(run.columns), Data(run.extremes), run.rows.map { Data($0) },
            entry.fault,
        ])
    }

    private func set(_ cells: [(row: Int, value: RunValue)], in piece: Piece, _ db: Database) throws {
        var column = RunColumn(rows: RunColumn.chunkRows)
        let statement = try db.cachedStatement(sql: "SELECT cells FROM cells WHERE id = ?")
        if let bytes = try Data.fetchOne(statement, arguments: [Self.id(piece.column, piece.chunk)]) {
            guard bytes.withUnsafeBytes({ column.set($0, from: 0) }) else { throw Self.noPiece }
        }
        for (row, value) in cells { column[row % RunColumn.chunkRows] = value }
        try put(column.chunk(0..<RunColumn.chunkRows), piece, db)
    }

    private func put(_ cells: [UInt8], _ piece: Piece, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO cells (id, cells) VALUES (?, ?)")
            .execute(arguments: [Self.id(piece.column, piece.chunk), Data(cells)])
    }

    /// The number of a column; nil if there are too many.
    private func number(of column: String, _ db: Database) throws -> Int? {
        if let number = columns[ExactText(column)] { return number }
        if columns.count >= Self.mostColumns { return nil }
        try db.cachedStatement(sql: "INSERT INTO columns (name) VALUES (?)").execute(arguments: [column])
        let number = Int(db.lastInsertedRowID)
        columns[ExactText(column)] = number
        return number
    }

    /// A value as in `cells` and in the columns in memory.
    static func cell(_ value: JSONValue?) -> RunValue {
        let value = RunValue(value)
        guard case .text(let text) = value, text.utf8.count > longestText else { return value }
        return .text(String(decoding: text.utf8.prefix(longestText), as: UTF8.self))
    }
}
