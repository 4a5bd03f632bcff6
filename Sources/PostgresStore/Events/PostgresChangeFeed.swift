internal import DequeModule
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// The feed of all servers on one database: events with the numbers that the database gave them.
///
/// They are read when the database notifies of some (`Keeper`), and before this server's own writes are acknowledged.
final class PostgresChangeFeed: ChangeFeed {
    private struct State: Sendable {
        var isWatched = false
        /// The number up to which events have been read, and up to which they have been taken.
        var read: UInt64 = 0
        var taken: UInt64 = 0
        var waiting: [ToldChange] = []
        var isIncomplete = false
    }

    /// The most changes that wait to be taken.
    private static let mostWaiting = 200_000

    /// The name of the database's series of numbers.
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
                // Not knowing where it begins, it tells nobody that nothing was missed.
                state.isIncomplete = last == nil
            }
        }
    }

    func follow(_ run: RunID?) {}

    var isWatched: Bool { state.withLock { $0.isWatched } }

    /// Reads what has happened since the last time, if somebody watches.
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
            // Asked after the events were read, so that none is missed that was pruned meanwhile.
            let pruned = try connection.run(Statement("SELECT pruned FROM store")).int(0, 0)
            return id.number < UInt64(pruned) ? nil : changes
        }
    }

    func wait(seconds: Double?) {
        if let seconds { bell.wait(seconds: seconds) } else { bell.wait() }
    }

    func ring() { bell.ring() }
}
