internal import LocalFiles
package import RunStore

/// How a store in PostgreSQL is opened.
package struct PostgresSettings: Sendable {
    /// Have to be the same for all servers on one database: each server applies its own.
    package var rules = RunRules()
    /// Seconds that a write waits for an unreachable database, and seconds that an answer may take.
    package var patience = 10.0
    /// Where large files are kept; nil: in the database, up to `BatchDraft.largestFile`.
    package var objects: (any ObjectStore)?
    /// The least size of a file that is kept there, bytes; and the number of files that are uploaded at once.
    package var leastObject = 1 << 20
    package var uploads = 4
    /// Seconds that a write with large files waits for its upload to begin. Other writes continue.
    package var uploadPatience = 30.0
    /// Seconds between two removals of objects that no file names any more.
    package var objectRemovalSeconds = 60.0
    /// Connections for writes and for reads. One more connection listens for notifications.
    package var writers = 3
    package var readers = 8
    /// Whether to refuse a database that does not sync (`fsync`).
    package var needsSync = true
    /// Whether to create the tables if the database has none.
    package var makesTables = true
    /// Seconds since 1970.
    package var clock: @Sendable () -> Double = { wallClock() }

    package init() {}
}
