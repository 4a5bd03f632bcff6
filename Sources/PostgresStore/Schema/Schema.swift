/// The tables, in a schema of their own. `run` is part of every key, so that the tables can be distributed by it.
///
/// - `runs`: a run, or what waits for a session's next one (`@` and the session's name). `activation` changes whenever
///   the run stops being active, so that no session has to be looked for. `bytes` is the sum of its files' sizes.
/// - `totals`: how many runs there are, and their bytes, in parts whose sum counts: each connection has its part, so
///   that batches do not wait for one another.
/// - `files`: what is at each path of a run. A content is never changed in place, but for what is appended.
/// - `pieces`: the bytes of contents, by position. Rows of metrics and console output come piece by piece; large files
///   are cut. A large one is an object outside of the database instead (`files.object`).
/// - `objects`: objects that no file has, or none yet, and when they are removed (`ObjectNotes`).
/// - `row_columns`: the names of the columns of rows of metrics, by their content: a row of names for each write that
///   brought some, at the number of those before.
/// - `dropped`: contents that no file has any more. They stay for a while, since somebody may be reading them.
/// - `summaries`, `cells`: what listings show, as of the last refresh; `runs.is_stale` says that there was a write
///   since. `summaries.changed` is the number of the transaction that refreshed.
/// - `removed_runs`: the ids of runs that are gone, for a while, so that each server takes them out of its listings.
/// - `batches`: transactions that were committed, by which a server finds out whether one of its own was.
/// - `events`: what happened, numbered in the order of the commits.
enum Schema {
    static let name = "rundir"
    /// The version that this server needs.
    static let version = versionAfter(steps)

    /// What brings a schema to its next version, in one transaction. Never changed once a server has been released that
    /// needs it: new steps are added at the end.
    struct Step: Sendable {
        /// In words, for the operator.
        let what: String
        let statements: [String]
    }

    /// The steps from version 1 on. A new database takes all of them too, so that there is one way to each version.
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
                // Conditions are no longer SQL.
                "DROP INDEX cells_by_number, newest_runs",
                "CREATE INDEX cells_by_name ON cells (name)",
            ])
    ]

    static func versionAfter(_ steps: [Step]) -> Int { 1 + steps.count }

    /// Seconds that a dropped content can still be read.
    static let keptSeconds = 3600
    /// The most bytes in a piece of a file that is written whole.
    static let pieceSize = 1 << 20
    /// Seconds that it can be known which runs are gone.
    static let removedSeconds = 3600
    /// How many ids of contents a batch gets.
    static let contentsOfBatch = 65536
    /// The parts of `totals`.
    static let totalParts = 64

    /// Locks of the database (pg_advisory_lock): those of two numbers are apart from those of runs and sessions, of
    /// one.
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

    /// Pieces are most of the data: by the hash of the run, so that each part can be vacuumed by itself.
    private static let partitions = (0..<8).flatMap { part in
        [
            "CREATE TABLE pieces_\(part) PARTITION OF pieces FOR VALUES WITH (MODULUS 8, REMAINDER \(part))",
            // Compressing what is often compressed costs more than it saves.
            "ALTER TABLE pieces_\(part) ALTER COLUMN bytes SET STORAGE EXTERNAL",
        ]
    }
}
