package import Logging
internal import RunMetadata
package import RunStore
internal import Synchronization

/// Keeps runs in PostgreSQL, for any number of servers at once.
///
///     let store = try PostgresRunStore(at: "postgres://rundir@db/runs")
///     defer { store.close() }
///
/// A process holds only copies: tables of metrics that it has read, and what listings need (`RunTable`). So a server
/// may end at any time.
package final class PostgresRunStore: RunStore {
    package let rules: RunRules
    /// The name of the database and its host, to show to people.
    package let place: String
    let clock: @Sendable () -> Double
    let pool: ConnectionPool
    let database: Database
    let settings: PostgresSettings
    let tables = MetricsTables()
    private let committer: Committer
    private let keeper: Keeper
    private let pending: OldPending?
    private let uploader: Uploader?
    private let objectKeeper: ObjectKeeper?
    private let objectReachability = ObjectReachability()
    private let feed: PostgresChangeFeed
    private let reachability = Reachability()
    private let isClosed = Mutex(false)
    /// Held while listings are brought up to date, so that the next thread to ask finds little left to do.
    let refreshing = Mutex(())
    private let table = Mutex(RunTable())

    /// Why a store could not be opened, for the operator.
    package struct OpenFailure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Opens the store. Creates its tables if the database has none.
    /// - Parameters:
    ///   - address: a URI (`postgres://…`) or keywords of libpq, which also reads its environment variables
    ///   - log: for what the store does on its own
    /// - Throws: if the database or the object store cannot be reached or used
    package init(
        at address: String, settings: PostgresSettings = PostgresSettings(), log: Logger = Logger(label: "store")
    ) throws(OpenFailure) {
        (rules, clock, self.settings) = (settings.rules, settings.clock, settings)
        let database = Database(address: address, patience: settings.patience)
        self.database = database
        let series: String
        do throws(DatabaseError) {
            let connection = try database.connect()
            let migration = Migration(connection: connection)
            try migration.check(needsSync: settings.needsSync)
            series = try migration.series(makesTables: settings.makesTables)
            place = "the database \(connection.place)"
        } catch { throw OpenFailure(description: "cannot open the store: \(error.message)") }
        if let reason = settings.objects?.hindrance() {
            throw OpenFailure(description: "cannot use the store of artifacts: \(reason)")
        }
        let pool = ConnectionPool(most: settings.readers, patience: settings.patience, objects: settings.objects) {
            () throws(DatabaseError) -> Connection in try database.connect()
        }
        self.pool = pool
        feed = PostgresChangeFeed(series: series, pool: pool)
        var commits = Committer.Settings()
        (commits.connections, commits.patience) = (settings.writers, settings.patience)
        commits.rules = settings.rules
        committer = Committer(
            commits, database, clock: clock, feed: feed, reachability: reachability)
        pending = settings.rules.pendingAge.map { [committer] in OldPending(after: $0, committer, log) }
        keeper = Keeper(database, feed: feed, reachability: reachability, pending: pending)
        uploader = settings.objects.map { [committer, objectReachability] objects in
            Uploader(
                to: objects, from: settings.leastObject, threads: settings.uploads, patience: settings.uploadPatience,
                pool: pool, committer: committer, reachability: objectReachability)
        }
        objectKeeper = settings.objects.map { [objectReachability] objects in
            ObjectKeeper(
                objects, pool: pool, reachability: objectReachability, removalSeconds: settings.objectRemovalSeconds)
        }
    }

    deinit { close() }

    /// Takes no more writes, and finishes those that wait.
    package func close() {
        let wasClosed = isClosed.withLock { isClosed in
            defer { isClosed = true }
            return isClosed
        }
        if wasClosed { return }
        uploader?.close()
        committer.close()
        objectKeeper?.close()
        keeper.close()
        pool.close()
    }

    package func submit(
        _ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void
    ) {
        if uploader?.submit(write, completion: completion) == true { return }
        committer.submit(write, completion: completion)
    }

    /// Lends the table of runs. `body` has to begin the transaction, so that the table never goes back to an earlier
    /// state.
    func look<Result: Sendable>(
        _ body: (inout RunTable) throws(DatabaseError) -> Result
    ) throws(DatabaseError) -> Result {
        try table.withLock { table throws(DatabaseError) in try body(&table) }
    }

    package var changes: any ChangeFeed { feed }
    package var statistics: StoreStatistics { committer.counts.statistics }
    package var hindrances: [StoreHindrance] { reachability.hindrances }
    package var droppedCount: Int { pending?.droppedCount ?? 0 }

    package var usedBytes: Int? {
        if rules.mostBytes == nil, rules.mostRunBytes == nil { return nil }
        return try? pool.read { connection throws(DatabaseError) in try connection.run(BatchNeeds.totals).int(0, 1) }
    }
    package var warnings: [StoreHindrance] { objectReachability.warnings }
}
