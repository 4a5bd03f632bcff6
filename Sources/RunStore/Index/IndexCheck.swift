internal import Glibc
internal import JSON
internal import RunMetadata

/// Looks through the index for damage, and for runs of which it tells something else than their directories.
///
/// That a directory is newer than what the index has of it is no fault: a server sees that when it starts.
enum IndexCheck {
    /// What is wrong; nil where nothing is, or where there is no index.
    static func fault(_ paths: RunPaths) -> String? {
        guard Files.status(paths.index) != nil else { return nil }
        do throws(IndexFailure) {
            let database = try IndexDatabase(path: paths.index)
            if let damage = try database.fault() { return "the database is damaged: \(damage)" }
            let rows = try database.rows()
            let reader = RunReader()
            var wrong: [String] = []
            for row in 0..<rows.count {
                if let place = rows.places[row], try isWrong(row, rows, place, database, paths, reader) {
                    wrong.append(rows.names[row])
                }
            }
            try database.close()
            if wrong.isEmpty { return nil }
            let names = wrong.prefix(5).joined(separator: ", ") + (wrong.count > 5 ? ", …" : "")
            return "of \(wrong.count) runs it tells something else than their directories: \(names)"
        } catch { return error.isDamage ? "the database cannot be read: \(error)" : nil }
    }

    private static func isWrong(
        _ row: Int, _ rows: IndexRows, _ place: RunPlace, _ database: IndexDatabase, _ paths: RunPaths,
        _ reader: RunReader
    ) throws(IndexFailure) -> Bool {
        guard let run = RunID(rows.names[row]), let kept = try database.columns(of: row),
            let found = try? IndexEntry(run, place, data: paths.data(run.description, place), by: reader),
            found.stamp == rows.stamps[row]
        else { return false }
        return JSONWriter.compact(.object(found.summary.columns)) != JSONWriter.compact(.object(kept))
    }
}
