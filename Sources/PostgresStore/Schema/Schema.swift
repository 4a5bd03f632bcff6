/// The tables, in a schema of their own. `run` is part of every key, so that the tables can be distributed by it.
///
/// - `runs`: a run, or what waits for a session's next one (`@` and the session's name). `activation` changes whenever
///   the run stops being active, so that no session has to be looked up. `bytes` is the sum of its files' sizes.
/// - `totals`: the number of runs and their bytes, as parts to be added up. Each connection has a part, so that batches
///   do not wait for one another.
/// - `files`: the file at each path of a run. A content is only appended to, never changed in place.
/// - `pieces`: the bytes of contents, by position. Rows of metrics and console output arrive piece by piece; large
///   files are cut into pieces, or are objects outside of the database (`files.object`).
/// - `objects`: objects that no file names, or not yet, and when they are removed (`ObjectNotes`).
/// - `row_columns`: the names of the columns of metrics rows, by content. Each write that brought new names adds a row,
///   numbered by the count of names before it.
/// - `dropped`: contents that no file names any more. They are kept for a while for readers.
/// - `summaries`, `cells`: what listings show, as of the last refresh; `runs.is_stale` is set by writes since then.
///   `summaries.changed` is the number of the transaction that refreshed.
/// - `removed_runs`: the ids of removed runs, kept for a while, so that each server takes them out of its listings.
/// - `batches`: committed batches. A server looks there to find out whether one of its own was committed.
/// - `events`: changes, numbered in the order of the commits.
enum Schema {
    static let name = "rundir"
    /// The version that this server needs.
    static let version = versionAfter(steps)

    /// The statements that bring a schema to its next version, in one transaction. A step is never changed after a
    /// server that needs it was released: new steps are added at the end.
    struct Step: Sendable {
        /// Description for the operator.
        let what: String
        let statements: [String]
    }

    /// The steps from version 1 on. A new database takes all of them too, so that every version is reached in one way.
    static let steps = [
        Step(
            what: "listings find what has changed since the last one",
            statements: [
                // Runs that are listed already get the number of this step's own transaction.
                "ALTER TABLE summaries ADD COLUMN changed xid8 NOT NULL DEFAULT pg_current_xact_id()",
                "CREATE INDEX changed_summaries ON summaries (changed)",
                """
                CREATE TABLE removed_runs (
                    run text COLLATE "C" PRIMARY KEY,
                    changed xid8 NOT NULL DEFAULT pg_current_xact_id(),
                    at timestamptz NOT NULL DEFAULT now())
                """,
                "CREATE INDEX changed_removed_runs ON removed_runs (changed)",
                "CREATE INDEX removed_runs_at ON removed_runs (at)",
                // Conditions are no longer evaluated by SQL.
                "DROP INDEX cells_by_number, newest_runs",
                "CREATE INDEX cells_by_name ON cells (name)",
            ])
    ]

    static func versionAfter(_ steps: [Step]) -> Int { 1 + steps.count }

    /// Seconds for which a dropped content can still be read.
    static let keptSeconds = 3600
    /// The most bytes of a piece, for files that are written as a whole.
    static let pieceSize = 1 << 20
    /// Seconds for which ids of removed runs are kept.
    static let removedSeconds = 3600
    /// The number of content ids that a batch reserves.
    static let contentsOfBatch = 65536
    /// The number of parts of `totals`.
    static let totalParts = 64

    /// Numbers of advisory locks (pg_advisory_lock). Locks with two numbers are distinct from those with one number,
    /// which runs and sessions use.
    enum Lock {
        static let group = 1_920_299_620
        static let migration = 1
        static let freshRun = 2
        static let events = 3
    }

    /// Brings an empty database to version 1.
    static let first =
        [
            """
            CREATE TABLE store (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                version bigint NOT NULL,
                series text NOT NULL,
                pruned bigint NOT NULL DEFAULT 0)
            """,
            "CREATE SEQUENCE contents INCREMENT BY \(contentsOfBatch)",
            "CREATE SEQUENCE event_numbers",
            """
            CREATE TABLE runs (
                run text COLLATE "C" PRIMARY KEY,
                place smallint NOT NULL,
                activation bigint NOT NULL,
                modified double precision NOT NULL,
                is_stale boolean NOT NULL,
                bytes bigint NOT NULL,
                sender text) WITH (fillfactor = 70)
            """,
            "CREATE INDEX pending_runs ON runs (run) WHERE place = 3",
            "CREATE INDEX pending_runs_of_senders ON runs (sender) WHERE place = 3",
            "CREATE INDEX stale_runs ON runs (run) WHERE is_stale",
            """
            CREATE TABLE sessions (
                session text COLLATE "C" PRIMARY KEY,
                run text COLLATE "C" NOT NULL,
                activation bigint NOT NULL)
            """,
            """
            CREATE TABLE files (
                run text COLLATE "C" NOT NULL,
                path text COLLATE "C" NOT NULL,
                content bigint NOT NULL,
                size bigint NOT NULL,
                modified double precision NOT NULL,
                object text COLLATE "C",
                PRIMARY KEY (run, path)) WITH (fillfactor = 70)
            """,
            """
            CREATE TABLE objects (
                run text COLLATE "C" NOT NULL,
                name text COLLATE "C" NOT NULL,
                was_named boolean NOT NULL,
                due timestamptz NOT NULL,
                PRIMARY KEY (run, name))
            """,
            "CREATE INDEX objects_due ON objects (due)",
            """
            CREATE TABLE pieces (
                run text COLLATE "C" NOT NULL,
                content bigint NOT NULL,
                position bigint NOT NULL,
                bytes bytea NOT NULL,
                PRIMARY KEY (run, content, position)) PARTITION BY HASH (run)
            """,
            """
            CREATE TABLE totals (
                part smallint PRIMARY KEY,
                runs bigint NOT NULL,
                bytes bigint NOT NULL) WITH (fillfactor = 10)
            """,
            """
            CREATE TABLE row_columns (
                run text COLLATE "C" NOT NULL,
                content bigint NOT NULL,
                position bigint NOT NULL,
                names bytea NOT NULL,
                PRIMARY KEY (run, content, position))
            """,
            """
            CREATE TABLE dropped (
                run text COLLATE "C" NOT NULL,
                content bigint NOT NULL,
                at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (run, content))
            """,
            "CREATE INDEX dropped_at ON dropped (at)",
            """
            CREATE TABLE summaries (
                run text COLLATE "C" PRIMARY KEY,
                start double precision NOT NULL,
                updated double precision NOT NULL,
                outcome text COLLATE "C",
                columns bytea NOT NULL,
                extremes bytea NOT NULL,
                rows_content bigint,
                rows_size bigint,
                tail bytea)
            """,
            "CREATE INDEX newest_runs ON summaries (start, run)",
            """
            CREATE TABLE cells (
                run text COLLATE "C" NOT NULL,
                name text COLLATE "C" NOT NULL,
                kind smallint NOT NULL,
                number double precision,
                text bytea NOT NULL,
                PRIMARY KEY (run, name))
            """,
            "CREATE INDEX cells_by_number ON cells (name, number)",
            """
            CREATE TABLE events (
                run text COLLATE "C" NOT NULL,
                number bigint NOT NULL,
                kind smallint NOT NULL,
                detail text NOT NULL,
                content bigint NOT NULL,
                position bigint NOT NULL,
                size bigint NOT NULL,
                PRIMARY KEY (run, number))
            """,
            "CREATE INDEX events_by_number ON events (number)",
            "CREATE TABLE batches (number bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
            "CREATE INDEX batches_at ON batches (at)",
            "CREATE TABLE documents (name text COLLATE \"C\" PRIMARY KEY, bytes bytea NOT NULL)",
        ] + partitions

    /// Pieces are most of the data. They are partitioned by the hash of the run, so that each part can be vacuumed by
    /// itself.
    private static let partitions = (0..<8).flatMap { part in
        [
            "CREATE TABLE pieces_\(part) PARTITION OF pieces FOR VALUES WITH (MODULUS 8, REMAINDER \(part))",
            // The data is often compressed already; compressing it again costs more than it saves.
            "ALTER TABLE pieces_\(part) ALTER COLUMN bytes SET STORAGE EXTERNAL",
        ]
    }
}
