internal import Glibc
internal import JSON
internal import Logging
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// The listing of all runs: which exist, and the columns of each. It is updated outside of the path of writes.
///
/// The run directories are the source of truth. Writes of this process are noted (`touched`), and read before the next
/// listing, so that a listing includes every acknowledged write. Changes by other programs are found by checking the
/// directories: all of them before a listing if they are few, else periodically by the `IndexKeeper`.
final class RunIndex: @unchecked Sendable {
    // Sendable: `database`, `rows`, `loaded`, `watch`, `unwritten`, `unwrittenWeight`, `isFull` and `reader` are
    // touched only under `lock` (in `locked(_:)`); the rest is constant, or guards itself.

    /// Up to this many runs, a listing itself checks which exist, and up to fewer, what each has.
    static let fewNames = 5000
    static let fewRuns = 100
    /// Runs that are updated under one lock.
    static let batch = 32
    /// The most runs that are not written to the database yet, unless it cannot be written.
    static let unwrittenRuns = 1024

    let paths: RunPaths
    let settings: StoreSettings
    let log: Logger
    let touched = TouchedRuns()
    /// Knows the runs of which the journal has writes that their directories lack.
    let start: UnfinishedStart
    /// Open if there is a complete index.
    let ready = Gate()
    let progress = IndexProgress()
    private let lock = Mutex(())
    private(set) var database: IndexDatabase?
    var rows = IndexRows()
    var loaded = LoadedColumns()
    var watch = IndexNamesWatch()
    /// Changes that are not written to the database yet, by row: listings do not wait for that, and work with a full
    /// disk.
    var unwritten: [Int: IndexDatabase.Change] = [:]
    /// The weight of their columns together, and its limit.
    var unwrittenWeight = 0
    static let unwrittenColumns = 200_000
    /// The runs that could only be read in part.
    let faults = UnreadableRuns()
    /// Whether the last write to the database failed.
    var isFull = false
    /// Whether the database's file is damaged.
    private let damage = Flag()
    let reader: RunReader
    let metricsFiles: MetricsFiles

    var isOpen: Bool { ready.isOpen }
    var isDamaged: Bool { damage.isSet }

    init(
        paths: RunPaths, settings: StoreSettings, metricsFiles: MetricsFiles, start: UnfinishedStart, log: Logger
    ) {
        (self.paths, self.settings, self.metricsFiles) = (paths, settings, metricsFiles)
        (self.start, self.log) = (start, log)
        reader = RunReader(metricsFiles)
    }

    // MARK: Queries

    /// The page of a query.
    func page(_ query: RunQuery) throws(StoreError) -> RunPage {
        let search = try locked { () throws(StoreError) in
            bringUpToDate()
            try check(query)
            do throws(IndexFailure) { return try self.search(query) } catch { throw failed(error) }
        }
        let found = search.found()
        return try locked { () throws(StoreError) in
            do throws(IndexFailure) { return try page(of: found, for: search) } catch { throw failed(error) }
        }
    }

    /// The columns that runs have, including those not yet written to the database.
    func columns() throws(StoreError) -> Set<ExactText> {
        try locked { () throws(StoreError) in
            bringUpToDate()
            return try knownColumns()
        }
    }

    /// The number of initialised runs.
    func runCount() throws(StoreError) -> Int {
        try locked { () throws(StoreError) in
            bringUpToDate()
            return rows.initialisedCount
        }
    }

    /// The number of initialised or archived runs by status.
    func counts() throws(StoreError) -> [RunStatus: Int] {
        try locked { () throws(StoreError) in
            bringUpToDate()
            return countStatuses()
        }
    }

    /// How far the rows of a run were read; nil if currently unknown.
    func mark(of run: String) -> RowsMark? {
        guard isOpen else { return nil }
        return lock.withLock { _ in rows[run].flatMap { try? kept($0)?.rows } }
    }

    /// The same, without waiting for others who use the index.
    func markIfFree(of run: String) -> RowsMark? {
        guard isOpen else { return nil }
        return lock.withLockIfAvailable { _ in rows[run].flatMap { try? kept($0)?.rows } } ?? nil
    }

    /// The summary of a run; nil if currently unknown.
    func summary(of run: String) -> RunSummary? {
        guard isOpen else { return nil }
        return lock.withLock { _ in rows[run].flatMap { try? kept($0)?.summary } }
    }

    // MARK: Opening

    /// Takes a complete database.
    func open(_ database: IndexDatabase) throws(IndexFailure) {
        let rows = try database.rows()
        lock.withLock { _ in
            self.database = database
            self.rows = rows
            loaded = LoadedColumns()
            (unwritten, unwrittenWeight) = ([:], 0)
            faults.set(rows.faults)
            watch = IndexNamesWatch()
        }
        damage.clear()
        ready.open()
    }

    /// Closes the database.
    func close() {
        lock.withLock { _ in
            do { try database?.close() } catch { log.warning("the index could not be closed properly: \(error)") }
            database = nil
            ready.close()
        }
    }

    // MARK: Failures

    /// The error while there is no index.
    var indexing: StoreError {
        let (done, total) = progress.counts
        return .indexing(done: done, total: total)
    }

    /// Runs a closure when there is an index.
    /// - Parameter waits: whether to wait a short time for one; false on the thread that opens it
    func locked<Result>(waits: Bool = true, _ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        guard waits ? waitUntilReady() : ready.isOpen else { throw indexing }
        var result: Swift.Result<Result, StoreError>?
        lock.withLock { _ in
            result = Swift.Result { () throws(StoreError) in
                guard database != nil else { throw indexing }
                return try body()
            }
        }
        guard let result else { throw indexing }
        return try result.get()
    }

    private func waitUntilReady() -> Bool {
        for _ in 0..<Int(settings.indexWait * 10) {
            if progress.isLong { break }
            if ready.wait(seconds: 0.1) { return true }
        }
        return ready.isOpen
    }

    /// Handles a failed listing: a damaged database will be rebuilt.
    private func failed(_ error: IndexFailure) -> StoreError {
        noteFailure(error)
        return error.isDamage ? indexing : .unreadable("the index cannot be read: \(error)")
    }

    func noteFailure(_ error: IndexFailure) {
        guard error.isDamage else { return log.warning("the index lags: \(error)") }
        log.error("the index is damaged and will be rebuilt: \(error)")
        damage.set()
        database = nil
        ready.close()
    }
}
