internal import Glibc
internal import JSON
internal import Logging
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// The listing of all runs: which there are, and the columns of each. It is brought up to date beside the way of writes.
///
/// The run directories are the truth. What was written through this process is noted as it is written (`touched`), and
/// looked at before the next listing, so that a listing is never behind a reply. What something else does to the directories
/// is seen by looking: at all of them before a listing where they are few, else by the `IndexKeeper` time and again.
final class RunIndex: @unchecked Sendable {
    // Sendable: `database`, `rows`, `loaded`, `watch`, `unwritten`, `unwrittenWeight`, `isFull` and `reader` are touched only under `lock` (in
    // `locked(_:)`); the rest is constant, or guards itself.

    /// Up to so many runs, a listing looks itself which there are, and up to fewer what each has.
    static let fewNames = 5000
    static let fewRuns = 100
    /// Runs that are brought up to date in one go.
    static let batch = 32
    /// Runs that are not written into the database yet, at most, unless it cannot be written.
    static let unwrittenRuns = 1024
    /// Columns that are held in memory, those asked for last.
    static let loadedColumns = 32

    let paths: RunPaths
    let settings: StoreSettings
    let log: Logger
    let touched = TouchedRuns()
    /// Which runs the journal tells more of than their directories.
    let start: UnfinishedStart
    /// Open when there is a complete index.
    let ready = Gate()
    let progress = IndexProgress()
    private let lock = Mutex(())
    private(set) var database: IndexDatabase?
    var rows = IndexRows()
    /// Columns that were asked for, the last ones last.
    var loaded: [(name: String, column: RunColumn)] = []
    var watch = IndexNamesWatch()
    /// What has not been written into the database yet, by row: listings do not wait for that, and a disk that is full stops
    /// none.
    var unwritten: [Int: IndexDatabase.Change] = [:]
    /// What the columns of those weigh together, and may.
    var unwrittenWeight = 0
    static let unwrittenColumns = 200_000
    /// What could not be read of runs.
    let faults = UnreadableRuns()
    /// Whether the database could not be written the last time.
    var isFull = false
    /// Whether the database's file is of no use.
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

    // MARK: Asking

    /// The page that a query asks for.
    func page(_ query: RunQuery) throws(StoreError) -> RunPage {
        let question = try locked { () throws(StoreError) in
            bringUpToDate()
            try check(query)
            do throws(IndexFailure) { return try self.question(query) } catch { throw failed(error) }
        }
        let (found, count, selection) = question.found()
        return try locked { () throws(StoreError) in
            do throws(IndexFailure) { return try page(of: found, count: count, selection, for: question) } catch {
                throw failed(error)
            }
        }
    }

    /// The columns that runs have, those with which no run is written into the database yet among them.
    func columns() throws(StoreError) -> Set<ExactText> {
        try locked { () throws(StoreError) in
            bringUpToDate()
            return try knownColumns()
        }
    }

    /// How many runs are initialised.
    func runCount() throws(StoreError) -> Int {
        try locked { () throws(StoreError) in
            bringUpToDate()
            return rows.initialisedCount
        }
    }

    /// How many runs that are initialised or archived have each status.
    func counts() throws(StoreError) -> [RunStatus: Int] {
        try locked { () throws(StoreError) in
            bringUpToDate()
            return countStatuses()
        }
    }

    /// How far the rows of a run were read; nil where that is not known just now.
    func mark(of run: String) -> RowsMark? {
        guard isOpen else { return nil }
        return lock.withLock { _ in rows[run].flatMap { try? kept($0)?.rows } }
    }

    /// What is known of a run; nil where that is not known just now.
    func summary(of run: String) -> RunSummary? {
        guard isOpen else { return nil }
        return lock.withLock { _ in rows[run].flatMap { try? kept($0)?.summary } }
    }

    // MARK: Opening

    /// Takes a database that is complete.
    func open(_ database: IndexDatabase) throws(IndexFailure) {
        let rows = try database.rows()
        lock.withLock { _ in
            self.database = database
            self.rows = rows
            loaded = []
            (unwritten, unwrittenWeight) = ([:], 0)
            faults.set(rows.faults)
            watch = IndexNamesWatch()
        }
        damage.clear()
        ready.open()
    }

    /// Gives the database back.
    func close() {
        lock.withLock { _ in
            do { try database?.close() } catch { log.warning("the index was not closed well: \(error)") }
            database = nil
            ready.close()
        }
    }

    // MARK: Failing

    /// What is told while there is no index.
    var indexing: StoreError {
        let (done, total) = progress.counts
        return .indexing(done: done, total: total)
    }

    /// Runs something once there is an index. For a short while this waits for it.
    func locked<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        guard waitUntilReady() else { throw indexing }
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
        for _ in 0..<20 {
            if progress.isLong { break }
            if ready.wait(seconds: 0.1) { return true }
        }
        return ready.isOpen
    }

    /// A listing failed: where the database is damaged, it is built anew.
    private func failed(_ error: IndexFailure) -> StoreError {
        noteFailure(error)
        return error.isDamage ? indexing : .unreadable("the index cannot be read: \(error)")
    }

    func noteFailure(_ error: IndexFailure) {
        guard error.isDamage else { return log.warning("the index lags: \(error)") }
        log.error("the index is damaged and is built anew: \(error)")
        damage.set()
        database = nil
        ready.close()
    }
}
