internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Checks the index for damage, and for runs that differ from their directories.
///
/// A directory that is newer than its entry is not a fault: a server notices that when it starts.
enum IndexCheck {
    /// What is wrong; nil if nothing is, or if there is no index.
    static func fault(_ paths: RunPaths) -> String? {
        guard Files.status(paths.index) != nil else { return nil }
        do throws(IndexFailure) {
            let database = try IndexDatabase(path: paths.index)
            if let damage = try database.fault() { return "the database is damaged: \(damage)" }
            let rows = try database.rows()
            var cells: [ExactText: RunColumn] = [:]
            for name in database.columns.keys { cells[name] = try database.column(name.text, rows: rows.count) }
            let reader = RunReader()
            var torn: [String] = []
            var wrong: [String] = []
            for row in 0..<rows.count {
                guard let place = rows.places[row], let kept = try database.summary(of: row) else { continue }
                if isTorn(row, kept, cells) { torn.append(rows.names[row]) }
                if isWrong(row, rows, place, kept, paths, reader) { wrong.append(rows.names[row]) }
            }
            try database.close()
            if !torn.isEmpty { return "it is inconsistent for \(torn.count) runs: \(some(torn))" }
            if wrong.isEmpty { return nil }
            return "it differs from the directories of \(wrong.count) runs: \(some(wrong))"
        } catch { return error.isDamage ? "the database cannot be read: \(error)" : nil }
    }

    /// Runs that the index can only have in part, by id.
    static func unreadable(_ run: RunID, _ place: RunPlace, _ directory: String) -> String? {
        do throws(FileFailure) {
            return try IndexEntry(found: run, place, in: directory, by: RunReader())?.fault
        } catch { return "\(error)" }
    }

    private static func some(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
    }

    /// Whether the chunks of columns differ from a run's row.
    private static func isTorn(_ row: Int, _ kept: RunSummary, _ cells: [ExactText: RunColumn]) -> Bool {
        // If there are very many columns, not all have chunks.
        if cells.count < IndexDatabase.mostColumns, kept.all.contains(where: { cells[ExactText($0.name)] == nil }) {
            return true
        }
        return cells.contains { name, column in
            let (one, other) = (column[row], IndexDatabase.cell(kept[name.text]))
            // NaN is not equal to itself.
            return one != other && !(one.isMissing && one != .missing && other.isMissing && other != .missing)
        }
    }

    private static func isWrong(
        _ row: Int, _ rows: IndexRows, _ place: RunPlace, _ kept: RunSummary, _ paths: RunPaths, _ reader: RunReader
    ) -> Bool {
        guard let run = RunID(rows.names[row]),
            let found = try? IndexEntry(run, place, in: paths.run(run.description, place), by: reader),
            found.stamp == rows.stamps[row], found.stamp != .unknown
        else { return false }
        func texts(_ summary: RunSummary) -> [[UInt8]] {
            [summary.columns, summary.extremes].map { JSONWriter.compact(.object($0)) }
        }
        return texts(found.summary) != texts(kept)
    }
}
