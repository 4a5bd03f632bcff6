internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// Builds an index from the run directories.
///
/// It is built in a separate file that replaces the index when it is complete, so that an incomplete index is never
/// used.
struct IndexBuilder {
    let paths: RunPaths
    let progress: IndexProgress
    var metricsFiles = MetricsFiles()
    /// Called now and then; true ends the building.
    var isStopped: @Sendable () -> Bool = { false }
    /// Called now and then with how many runs are done, of how many.
    var onProgress: @Sendable (Int, Int) -> Void = { _, _ in }

    private static let threads = 2

    private struct Stopped: Error {}

    /// Builds it and opens it.
    /// - Parameter inMemory: whether it is only kept in memory, if the disk is full
    /// - Returns: nil if stopped
    func build(inMemory: Bool = false) throws -> IndexDatabase? {
        let file = "\(paths.own)/index-building.sqlite"
        try Self.remove(file)
        let names = try runs()
        progress.begin(names.count)
        let database = try IndexDatabase(path: inMemory ? nil : file, isNew: true)
        do { try fill(database, names) } catch is Stopped { return nil }
        if inMemory { return database }
        try database.close()
        try Files.sync(file)
        try Self.remove(paths.index)
        try Files.rename(file, to: paths.index)
        return try IndexDatabase(path: paths.index)
    }

    /// Removes a database with the files beside it.
    static func remove(_ file: String) throws(FileFailure) {
        for suffix in ["-wal", "-shm", "-journal", ""] { try Files.remove(file + suffix) }
    }

    private func runs() throws(FileFailure) -> [(RunID, RunPlace)] {
        var seen: Set<String> = []
        var found: [(RunID, RunPlace)] = []
        for place in IndexNames.places {
            for name in try Files.names(in: paths.container(place)).sorted() {
                guard let run = RunID(name), paths.isRun(name, at: place), seen.insert(name).inserted
                else { continue }
                found.append((run, place))
            }
        }
        return found
    }

    /// Reads the runs on several threads; each puts what it has read into the database.
    private func fill(_ database: IndexDatabase, _ names: [(RunID, RunPlace)]) throws {
        let filling = Filling(database)
        let chunks = (names.count + RunColumn.chunkRows - 1) / RunColumn.chunkRows
        let jobs = (0..<Self.threads).map { _ in
            BackgroundJob { [self] in
                let reader = RunReader(metricsFiles)
                while case let chunk = filling.nextChunk(), chunk < chunks {
                    if isStopped() { throw Stopped() }
                    let range = IndexBatch.rows(of: chunk).clamped(to: names.indices)
                    var batch = IndexBatch(chunk: chunk)
                    for row in range {
                        let (run, place) = names[row]
                        let directory = paths.run(run.description, place)
                        // A run that was removed meanwhile is noticed by the next check.
                        if let entry = try IndexEntry(found: run, place, in: directory, by: reader) {
                            batch.add(row, entry)
                        }
                    }
                    try filling.put(batch)
                    onProgress(progress.add(range.count), names.count)
                }
            }
        }
        let results = jobs.map { job in Result { try job.result() } }
        for result in results { try result.get() }
    }

    /// A database that is filled by several threads. Sendable: it is used only under `lock`.
    private final class Filling: @unchecked Sendable {
        private let database: IndexDatabase
        private let lock = Mutex(())
        private let next = Atomic(0)

        init(_ database: IndexDatabase) { self.database = database }

        /// The next chunk to read.
        func nextChunk() -> Int { next.wrappingAdd(1, ordering: .relaxed).oldValue }

        func put(_ batch: IndexBatch) throws { try lock.withLock { _ in try database.add(batch) } }
    }
}
