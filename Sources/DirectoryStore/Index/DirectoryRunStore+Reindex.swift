internal import Glibc
internal import LocalFiles
internal import RunMetadata

extension DirectoryRunStore {
    /// Rebuilds the index of a runs directory. No server may have it open.
    /// - Parameters:
    ///   - runs: the runs directory
    ///   - onProgress: called with how many runs are done, of how many; from several threads
    /// - Returns: how many runs are in the index, including archived ones, and which could only be read in part
    /// - Throws: `OpenFailure`
    package static func reindex(
        runs: String, onProgress: @escaping @Sendable (Int, Int) -> Void
    ) throws(OpenFailure) -> (count: Int, unreadable: [String: String]) {
        let paths = RunPaths(runs: runs)
        guard Files.isDirectory(runs) else { throw OpenFailure(description: "there is no directory \(runs)") }
        var lock: CInt = -1
        defer { if lock >= 0 { Glibc.close(lock) } }
        do {
            try Files.makeDirectories(paths.own)
            lock = try takeLock(paths)
            let builder = IndexBuilder(paths: paths, progress: IndexProgress(), onProgress: onProgress)
            guard let database = try builder.build() else { return (0, [:]) }
            let rows = try database.rows()
            try database.close()
            return (rows.runs.count, rows.faults)
        } catch let failure as OpenFailure {
            throw failure
        } catch {
            throw OpenFailure(description: "cannot build the index of \(runs): \(error)")
        }
    }
}
