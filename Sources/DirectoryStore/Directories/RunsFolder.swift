internal import LocalFiles
package import Logging
package import RunMetadata
package import RunStore

/// A runs directory that is only read, of tfruns or of a stopped server: its runs and archived runs.
package final class RunsFolder {
    /// A directory in it that has metadata.
    package struct Item {
        /// The directory's name, which may not be a run id.
        package let name: String
        package let place: RunPlace
    }

    private let paths: RunPaths
    /// The store that has recovered the directory, if a server ever used it, and keeps others out.
    private let store: DirectoryRunStore?

    /// Opens a runs directory. If a server has used it, it is recovered from a crash first, if need be.
    /// - Returns: nil if it has no runs
    /// - Throws: `DirectoryRunStore.OpenFailure` if a server has it open
    package init?(_ path: String, log: Logger) throws {
        paths = RunPaths(runs: path)
        let isOfServer = Files.status(paths.lock) != nil
        let names = try Self.items(paths)
        if names.isEmpty, !isOfServer { return nil }
        if isOfServer { store = try DirectoryRunStore(runs: path, log: log) } else { store = nil }
    }

    package func close() { store?.close() }

    /// Its runs by name, archived ones last.
    package func items() throws -> [Item] { try Self.items(paths) }

    private static func items(_ paths: RunPaths) throws -> [Item] {
        try [RunPlace.initialised, .archived].flatMap { place in
            try Files.names(in: paths.container(place)).sorted()
                .filter { !$0.hasPrefix(".") && paths.isRun($0, at: place) }
                .map { Item(name: $0, place: place) }
        }
    }

    /// How many runs and sessions wait to be initialised.
    package func pendingCount() throws -> Int { try Files.names(in: paths.pending).count }

    package func bundle(of run: RunID, _ place: RunPlace) throws(StoreError) -> any RunBundle {
        if let store { return try store.bundle(of: run) }
        return try DirectoryBundle(directory: paths.run("\(run)", place), as: run)
    }

    /// A document that belongs to no run; nil if there is none.
    package func document(_ name: DocumentName) throws -> [UInt8]? { try Files.read(paths.document(name)) }
}
