internal import LocalFiles
package import RunStore

/// How a store in PostgreSQL is opened.
package struct PostgresSettings: Sendable {
    /// The same for all servers on one database: each keeps its own.
    package var rules = RunRules()
    /// Seconds that a write waits for a database that cannot be reached, and that an answer may take.
    package var patience = 10.0
    /// Where large files are kept; nil: in the database, up to `BatchDraft.largestFile`.
    package var objects: (any ObjectStore)?
    /// Bytes from which on a file is kept there, and how many are on their way there at once.
    package var leastObject = 1 << 20
    package var uploads = 4
    /// Seconds that a write with large files waits until its upload begins, while others go on.
    package var uploadPatience = 30.0
    /// Seconds between two removals of objects that no file has any more.
    package var objectRemovalSeconds = 60.0
    /// Connections for writes and for reads; one more listens.
    package var writers = 3
    package var readers = 8
    /// Whether a database is refused that does not sync (`fsync`).
    package var needsSync = true
    /// Whether the tables are made if the database has none.
    package var makesTables = true
    /// Seconds since 1970.
    package var clock: @Sendable () -> Double = { wallClock() }

    package init() {}
}
