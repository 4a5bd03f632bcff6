internal import RunStore

/// An error of PostgreSQL or libpq.
struct DatabaseError: Error, CustomStringConvertible {
    /// The five characters of SQLSTATE (appendix A of PostgreSQL's manual); empty where the connection failed.
    let state: String
    let message: String
    /// Whether the connection is lost.
    var isLost = false

    var description: String { "the database: \(message)" }

    /// Whether the transaction may succeed if it is repeated from its beginning: after a serialization failure, a
    /// deadlock, or a row that another server made at the same time.
    var isTransient: Bool { ["40001", "40P01", "23505"].contains(state) }

    /// Whether the database takes no connections or no writes at present: it starts, stops, recovers, has too many
    /// clients, is a standby, or one of its timeouts expired.
    var isUnavailable: Bool {
        isLost || isReadOnly || state.hasPrefix("57") || state.hasPrefix("08") || ["53300", "55P03"].contains(state)
    }

    /// Whether the database takes no writes, at least on this connection.
    var isReadOnly: Bool { state == "25006" }

    /// Whether the database's disk is full.
    var isFull: Bool { state == "53100" }

    /// The same as an error of the store.
    var storeError: StoreError {
        if isFull { return .diskFull("the database: \(message)") }
        if isUnavailable || isTransient { return .unreachable("the database: \(message)") }
        if state.hasPrefix("53") { return .shortage("the database: \(message)") }
        return .failed("the database: \(state) \(message)")
    }
}
