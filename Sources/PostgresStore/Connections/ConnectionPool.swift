internal import RunStore
internal import Threads

/// What reads need: the object store, and connections. The pool opens as many as are used at once, up to a limit. At
/// the limit, callers wait.
final class ConnectionPool: Sendable {
    private struct State: Sendable {
        var free: [Connection] = []
        var open = 0
        var isClosed = false
    }

    private let connect: @Sendable () throws(DatabaseError) -> Connection
    private let most: Int
    private let patience: Double
    /// The store of contents that are not in the database; nil: there is none.
    let objects: (any ObjectStore)?
    private let state = Monitor(State())

    /// - Parameters:
    ///   - most: the most connections
    ///   - patience: seconds to wait for a connection
    ///   - objects: the store of large contents
    init(
        most: Int, patience: Double, objects: (any ObjectStore)?,
        connect: @escaping @Sendable () throws(DatabaseError) -> Connection
    ) {
        (self.most, self.patience, self.objects, self.connect) = (most, patience, objects, connect)
    }

    /// Lends a connection for a read. If it is lost, or takes no writes, the read is repeated once on a new connection.
    func read<Result>(_ body: (Connection) throws(DatabaseError) -> Result) throws(StoreError) -> Result {
        do throws(DatabaseError) {
            do throws(DatabaseError) { return try lend(body) } catch {
                guard error.isLost || error.isTransient || error.isReadOnly else { throw error }
                return try lend(body)
            }
        } catch { throw error.storeError }
    }

    private func lend<Result>(_ body: (Connection) throws(DatabaseError) -> Result) throws(DatabaseError) -> Result {
        let connection = try take()
        do throws(DatabaseError) {
            let result = try body(connection)
            giveBack(connection)
            return result
        } catch {
            if !error.isLost { _ = try? connection.run(.rollback) }
            // A new connection may reach a server that takes writes, or the same server after it began to.
            giveBack(connection, isUsable: !error.isReadOnly)
            throw error
        }
    }

    private func take() throws(DatabaseError) -> Connection {
        enum Found {
            case connection(Connection)
            case room, closed
        }
        let found = state.wait(seconds: patience) { state -> Found? in
            if state.isClosed { return .closed }
            if let connection = state.free.popLast() { return .connection(connection) }
            guard state.open < most else { return nil }
            state.open += 1
            return .room
        }
        switch found {
        case .connection(let connection): return connection
        case .room:
            do throws(DatabaseError) { return try connect() } catch {
                state.changeForOne { $0.open -= 1 }
                throw error
            }
        case .closed: throw DatabaseError(state: "57P01", message: "the store is closed")
        case nil: throw DatabaseError(state: "53300", message: "no connection was free for \(patience) seconds")
        }
    }

    private func giveBack(_ connection: Connection, isUsable: Bool = true) {
        state.changeForAll { state in
            if !isUsable || connection.isLost || connection.isAbandoned || state.isClosed {
                state.open -= 1
                // If one connection failed, the free ones will too.
                state.open -= state.free.count
                state.free = []
            } else {
                state.free.append(connection)
            }
        }
    }

    func close() {
        state.changeForAll { state in
            state.isClosed = true
            state.open -= state.free.count
            state.free = []
        }
    }
}
