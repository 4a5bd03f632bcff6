internal import DequeModule
internal import Limits
internal import RunMetadata
internal import RunStore
internal import Threads

/// Commits writes in batches. All waiting writes become one transaction, so that one sync covers them all.
///
/// Several threads do this, each with a connection. Only one thread at a time takes waiting writes and locks their
/// runs. While it commits, the next thread takes its turn. So two writes to one run are done in the order in which they
/// were asked for.
final class Committer: Sendable {
    struct Settings: Sendable {
        /// The number of threads, each with a connection.
        var connections = 3
        /// The most writes of a batch, and the most bytes that they bring.
        var mostWrites = 1000
        var mostBytes = 16 << 20
        /// The most bytes of waiting writes.
        var mostWaiting = 256 << 20
        /// Seconds that a write waits for a database that cannot be reached.
        var patience = 10.0
        var rules = RunRules()
    }

    private struct State: Sendable {
        var waiting: Deque<WaitingWrite> = []
        var bytes = 0
        var hasTurn = false
        var isClosed = false
        var threads: [Thread] = []

        mutating func takeFirst(of size: Int) -> WaitingWrite {
            defer { bytes = waiting.isEmpty ? 0 : max(1, bytes - size) }
            return waiting.removeFirst()
        }
    }

    let settings: Settings
    private let state = Monitor(State())
    private let database: Database
    private let clock: @Sendable () -> Double
    private let feed: PostgresChangeFeed
    private let reachability: Reachability
    let counts = CommitCounts()
    private let columns = ColumnMemory()

    init(
        _ settings: Settings, _ database: Database, clock: @escaping @Sendable () -> Double,
        feed: PostgresChangeFeed, reachability: Reachability
    ) {
        (self.settings, self.database, self.clock) = (settings, database, clock)
        (self.feed, self.reachability) = (feed, reachability)
        let threads = (0..<settings.connections).map { _ in Thread(named: "committer") { self.work() } }
        state.withLock { $0.threads = threads }
    }

    /// - Parameter uploads: the objects that the write's large files have become
    func submit(
        _ write: RunWrite, _ uploads: UploadedObjects = UploadedObjects(),
        completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void
    ) {
        submit(WaitingWrite(write, uploads, since: monotonicNanoseconds()) { result, _ in completion(result) })
    }

    /// Reserves a write's place in the order of the writes, and adds rows for the objects that it is about to upload.
    /// - Parameter completion: called once; with an error if the write would be refused now
    func reserve(
        _ write: RunWrite, _ uploads: UploadedObjects,
        completion: @escaping @Sendable (Result<Reservation, StoreError>) -> Void
    ) {
        submit(
            WaitingWrite(write, uploads, isReserving: true, since: monotonicNanoseconds()) { result, reservation in
                switch (result, reservation) {
                case (.failure(let error), _): completion(.failure(error))
                case (_, let reservation?): completion(.success(reservation))
                case (_, nil): completion(.failure(.failed("nothing was reserved")))
                }
            })
    }

    private func submit(_ waiting: WaitingWrite) {
        let size = waiting.size
        let refusal = state.changeForOne { state -> StoreError? in
            if state.isClosed { return .stopping }
            if state.bytes > 0, state.bytes + size > settings.mostWaiting { return .overloaded }
            state.waiting.append(waiting)
            state.bytes += size
            return nil
        }
        if let refusal { waiting.completion(.failure(refusal), nil) }
    }

    /// Takes no more writes. Returns when those that wait have been done.
    func close() {
        let threads = state.changeForAll { state in
            state.isClosed = true
            defer { state.threads = [] }
            return state.threads
        }
        for thread in threads { thread.join() }
    }

    // MARK: Threads

    private func work() {
        var connection: Connection?
        while let writes = take() {
            let attempt = CommitAttempt(writes, self)
            attempt.run(&connection)
            attempt.releaseTurn()
        }
    }

    /// Waits for the turn, and takes a batch; nil once the store is closed and no write waits.
    private func take() -> [WaitingWrite]? {
        state.wait { [settings] state -> [WaitingWrite]?? in
            if state.hasTurn { return nil }
            if state.waiting.isEmpty { return state.isClosed ? .some(nil) : nil }
            var taken: [WaitingWrite] = []
            var bytes = 0
            while let next = state.waiting.first, taken.count < settings.mostWrites {
                let size = next.size
                if !taken.isEmpty, bytes + size > settings.mostBytes { break }
                bytes += size
                taken.append(state.takeFirst(of: size))
            }
            state.hasTurn = true
            return taken
        }
    }

    /// Waits for the turn.
    func takeTurn() {
        state.wait { state -> Void? in
            if state.hasTurn { return nil }
            state.hasTurn = true
            return ()
        }
    }

    func releaseTurn() { state.changeForAll { $0.hasTurn = false } }

    /// Refuses the writes that have waited for the database for too long.
    func refuseLate(_ error: StoreError) {
        let now = monotonicNanoseconds()
        let late = state.withLock { state in
            var late: [WaitingWrite] = []
            while let next = state.waiting.first, isLate(next, now) { late.append(state.takeFirst(of: next.size)) }
            return late
        }
        for write in late { write.completion(.failure(error), nil) }
    }

    func isLate(_ write: WaitingWrite, _ now: UInt64) -> Bool {
        // The clock was read before, perhaps, than the write came.
        now > write.since && now - write.since > UInt64(settings.patience * 1e9)
    }

    // MARK: For a commit attempt

    /// A thread's connection; a new one if it has none.
    func connection(_ there: Connection?) throws(DatabaseError) -> Connection {
        if let there { return there }
        let connection = try database.connect()
        columns.forgetAll()
        // Small tables grow while the plans are kept, so sequential scans are off. Generic plans are made only once:
        // planning takes longer than executing.
        let settings = ["enable_seqscan = off", "plan_cache_mode = force_generic_plan"]
        _ = try connection.run(settings.map { Statement("SET \($0)") })
        return connection
    }

    func batch(_ writes: [WaitingWrite], on connection: Connection) -> Batch {
        Batch(writes, on: connection, settings, columns, now: clock())
    }

    func noteReachable(_ error: DatabaseError?) { reachability.note(error) }

    /// Publishes the batch's events before the writes are acknowledged.
    func tell(_ batch: Batch) {
        if !batch.events.isEmpty { feed.read(on: batch.connection) }
    }
}
