internal import DequeModule
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// The feed of changes by all servers on one database. The database numbers the events.
///
/// Events are read when the database notifies of them (`Keeper`), and before this server's own writes are acknowledged.
final class PostgresChangeFeed: ChangeFeed {
    private struct State: Sendable {
        var isWatched = false
        /// The number of the last event that was read, and of the last that was taken.
        var read: UInt64 = 0
        var taken: UInt64 = 0
        var waiting: [ToldChange] = []
        var isIncomplete = false
    }

    /// The most changes that wait for a reader.
    private static let mostWaiting = 200_000

    /// The name of the database's series of event numbers.
    private let series: String
    private let pool: ConnectionPool
    private let state = Mutex(State())
    /// Held while events are read, so that they come in order.
    private let reading = Mutex(())
    private let bell = Doorbell()

    init(series: String, pool: ConnectionPool) { (self.series, self.pool) = (series, pool) }

    // MARK: Reading

    private static let last = Statement(
        "SELECT greatest((SELECT max(number) FROM events), (SELECT pruned FROM store))")

    func watch(_ isWatched: Bool) {
        let last =
            isWatched
            ? (try? pool.read { connection throws(DatabaseError) in
                try connection.run(Self.last).int(0, 0)
            }) : 0
        reading.withLock { _ in
            state.withLock { state in
                state = State()
                (state.isWatched, state.read, state.taken) = (isWatched, UInt64(last ?? 0), UInt64(last ?? 0))
                // Without a known start, it cannot claim that nothing was missed.
                state.isIncomplete = last == nil
            }
        }
    }

    func follow(_ run: RunID?) {}

    var isWatched: Bool { state.withLock { $0.isWatched } }

    /// Reads the events since the last call, if there are subscribers.
    func read(on connection: Connection) {
        if !isWatched { return }
        reading.withLock { _ in
            while true {
                let after = state.withLock(\.read)
                let page = EventPage.limit
                guard
                    let events = try? EventPage(after: after, upTo: nil, of: nil).read(on: connection, series),
                    let last = events.last
                else { break }
                state.withLock { state in
                    guard state.isWatched else { return }
                    state.read = last.id.number
                    if state.waiting.count + events.count > Self.mostWaiting {
                        (state.waiting, state.isIncomplete) = ([], true)
                    } else if !state.isIncomplete {
                        state.waiting += events
                    }
                }
                if events.count < page { break }
            }
        }
        bell.ring()
    }

    func take() -> TakenChanges {
        state.withLock { state in
            defer { (state.waiting, state.isIncomplete) = ([], false) }
            state.taken = state.read
            return TakenChanges(state.waiting, isIncomplete: state.isIncomplete)
        }
    }

    var position: ChangeID { ChangeID(series: series, number: state.withLock(\.taken)) }

    func changes(after id: ChangeID, of run: RunID?) -> [ToldChange]? {
        let taken = state.withLock(\.taken)
        guard id.series == series, id.number <= taken else { return nil }
        return try? pool.read { connection throws(DatabaseError) -> [ToldChange]? in
            var changes: [ToldChange] = []
            var after = id.number
            while true {
                let page = try EventPage(after: after, upTo: taken, of: run).read(on: connection, series)
                changes += page
                guard page.count == EventPage.limit, let last = page.last else { break }
                if changes.count > Self.mostWaiting { return nil }
                after = last.id.number
            }
            // Read after the events, so that it covers events that were pruned in between.
            let pruned = try connection.run(Statement("SELECT pruned FROM store")).int(0, 0)
            return id.number < UInt64(pruned) ? nil : changes
        }
    }

    func wait(seconds: Double?) {
        if let seconds { bell.wait(seconds: seconds) } else { bell.wait() }
    }

    func ring() { bell.ring() }
}
