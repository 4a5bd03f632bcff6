internal import RunStore

/// What PostgreSQL or libpq said.
struct DatabaseError: Error, CustomStringConvertible {
    /// The five characters of SQLSTATE (appendix A of PostgreSQL's manual); empty where the connection failed.
    let state: String
    let message: String
    /// Whether the connection is lost.
    var isLost = false

    var description: String { "the database: \(message)" }

    /// Whether the same may succeed if it is done again from its beginning: a serialization failure, a deadlock, or a
    /// row that another server made meanwhile.
    var isTransient: Bool { ["40001", "40P01", "23505"].contains(state) }

    /// Whether the database takes no connections or no writes at present: it starts, stops, recovers, has too many
    /// clients, is a standby, or gave up after its timeouts.
    var isUnavailable: Bool {
        isLost || isReadOnly || state.hasPrefix("57") || state.hasPrefix("08") || ["53300", "55P03"].contains(state)
    }

    /// Whether it takes no writes, on this connection at least.
    var isReadOnly: Bool { state == "25006" }

    /// Whether it has no room on its disk.
    var isFull: Bool { state == "53100" }

    /// The same for what is above the store.
    var storeError: StoreError {
        if isFull { return .diskFull("the database: \(message)") }
        if isUnavailable || isTransient { return .unreachable("the database: \(message)") }
        if state.hasPrefix("53") { return .shortage("the database: \(message)") }
        return .failed("the database: \(state) \(message)")
    }
}
