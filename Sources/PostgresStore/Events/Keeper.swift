internal import Glibc
internal import Synchronization
internal import Threads

/// Listens to the database. Passes on that there are events, notices when the database goes away and comes back,
/// removes data that nobody reads any more, and drops pending runs that have waited for too long.
final class Keeper: Sendable {
    private let database: Database
    private let feed: PostgresChangeFeed
    private let reachability: Reachability
    private let pending: OldPending?
    private let isClosed = Flag()
    private let thread = Mutex<Thread?>(nil)

    /// - Parameter pending: drops pending runs that have waited for too long; nil: they are kept
    init(_ database: Database, feed: PostgresChangeFeed, reachability: Reachability, pending: OldPending?) {
        (self.database, self.feed, self.reachability, self.pending) = (database, feed, reachability, pending)
        let thread = Thread(named: "store keeper") { self.work() }
        self.thread.withLock { $0 = thread }
    }

    func close() {
        isClosed.set()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    /// Seconds between two checks that the database answers, and between two removals.
    private static let lookSeconds = 1.0
    private static let removalSeconds = 60.0

    private func work() {
        var removed = monotonicNanoseconds()
        var dropDue: UInt64 = 0
        while !isClosed.isSet {
            do throws(DatabaseError) {
                let connection = try database.connect()
                _ = try connection.run(Statement("LISTEN \(Schema.name)"))
                var looked: UInt64 = 0
                while !isClosed.isSet {
                    let isNotified = try hasNotification(connection)
                    if isNotified || looked == 0 { feed.read(on: connection) }
                    let now = monotonicNanoseconds()
                    guard Double(now - looked) > Self.lookSeconds * 1e9 else { continue }
                    looked = now
                    try look(connection)
                    if let pending, now > dropDue {
                        let seconds = try pending.drop(on: connection)
                        dropDue = monotonicNanoseconds() + UInt64(seconds * 1e9)
                    }
                    guard Double(now - removed) > Self.removalSeconds * 1e9 else { continue }
                    removed = now
                    try remove(connection)
                }
            } catch {
                reachability.note(error)
                usleep(200_000)
            }
        }
    }

    /// Waits a moment for a notification.
    private func hasNotification(_ connection: Connection) throws(DatabaseError) -> Bool {
        var wanted = pollfd(fd: connection.socket, events: Int16(POLLIN), revents: 0)
        // Short, so that closing is quick.
        poll(&wanted, 1, 50)
        // Notifications may have arrived with an answer.
        return try connection.takeNotifications()
    }

    private func look(_ connection: Connection) throws(DatabaseError) {
        let isReadOnly = try connection.run(Statement("SELECT current_setting('transaction_read_only') = 'on'")).bool(
            0, 0)
        if isReadOnly { throw DatabaseError(state: "25006", message: "the database takes no writes") }
        if !reachability.noteAnswer() { try lookForRoom(connection) }
    }

    /// After a write failed on a full disk: checks whether about a megabyte can be written again.
    private func lookForRoom(_ connection: Connection) throws(DatabaseError) {
        do throws(DatabaseError) {
            _ = try connection.run([
                .begin,
                Statement("CREATE UNLOGGED TABLE room AS SELECT n FROM generate_series(1, 30000) n", isKept: false),
                .rollback,
            ])
            reachability.note(nil)
        } catch {
            guard error.isFull, !error.isLost else { throw error }
            _ = try connection.run(.rollback)
        }
    }

    /// How many events are kept.
    private static let keptEvents = 200_000

    private func remove(_ connection: Connection) throws(DatabaseError) {
        do throws(DatabaseError) {
            _ = try connection.run([
                .begin,
                Statement(
                    """
                    WITH old AS (DELETE FROM dropped WHERE at < now() - make_interval(secs => $1) RETURNING run, content)
                    DELETE FROM pieces USING old WHERE pieces.run = old.run AND pieces.content = old.content
                    """, .double(Double(Schema.keptSeconds))),
                Statement(
                    "UPDATE store SET pruned = n.pruned FROM (SELECT max(number) - $1 AS pruned FROM events) n WHERE n.pruned > store.pruned",
                    .int(Self.keptEvents)),
                Statement(
                    "DELETE FROM removed_runs WHERE at < now() - make_interval(secs => $1)",
                    .double(Double(Schema.removedSeconds))),
                Statement("DELETE FROM batches WHERE at < now() - interval '1 hour'"),
                Statement("DELETE FROM events WHERE number <= (SELECT pruned FROM store)"),
                .commit,
            ])
        } catch {
            if error.isLost { throw error }
            // Another server was doing it.
            _ = try connection.run(.rollback)
        }
    }
}
