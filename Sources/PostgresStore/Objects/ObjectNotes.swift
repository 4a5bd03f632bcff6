/// The rows of `objects`: objects in the object store that no file names, with the time after which each is removed.
///
/// A row is written before its upload begins. The transaction that gives the object to a file deletes the row; removing
/// the file writes it again. So no object is forgotten, even if a server ends in between. To remove an object, its row
/// is marked first (`-infinity`): no transaction gives the object to a file after that.
enum ObjectNotes {
    /// Seconds that an upload may take, until its write is committed.
    static let uploadSeconds = 86_400.0

    /// Adds rows for objects that are about to be uploaded.
    static func begin(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            """
            INSERT INTO objects (run, name, was_named, due)
            SELECT run, name, false, now() + make_interval(secs => $3) FROM unnest($1, $2) AS n(run, name)
            ON CONFLICT DO NOTHING
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)), .double(uploadSeconds))
    }

    /// Marks objects for removal, except those that a transaction under way has given to a file.
    static func giveUp(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            """
            UPDATE objects SET due = now() FROM unnest($1, $2) AS n(run, name)
            WHERE objects.run = n.run AND objects.name = n.name
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)))
    }

    // MARK: In a batch's transaction

    /// Locks the rows of objects, and returns those that exist and are not about to be removed.
    static func lock(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            """
            SELECT objects.name FROM objects JOIN unnest($1, $2) AS n(run, name)
                ON objects.run = n.run AND objects.name = n.name
            WHERE due > '-infinity' ORDER BY objects.name FOR UPDATE OF objects
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)))
    }

    /// Deletes the rows of objects that files name now.
    static func take(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            "DELETE FROM objects USING unnest($1, $2) AS n(run, name) WHERE objects.run = n.run AND objects.name = n.name",
            .texts(objects.map(\.run)), .texts(objects.map(\.name)))
    }

    /// Adds rows for objects that no file names any more. They are kept for a while, for readers.
    static func drop(_ objects: [(run: String, name: String)]) -> Statement {
        Statement(
            """
            INSERT INTO objects (run, name, was_named, due)
            SELECT run, name, true, now() + make_interval(secs => $3) FROM unnest($1, $2) AS n(run, name)
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)), .double(Double(Schema.keptSeconds)))
    }

    /// The same for all objects of some runs, except those that other runs have taken over.
    static func drop(of runs: [String], but kept: [String]) -> Statement {
        Statement(
            """
            INSERT INTO objects (run, name, was_named, due)
            SELECT run, object, true, now() + make_interval(secs => $3) FROM files
            WHERE run = ANY ($1) AND object IS NOT NULL AND object <> ALL ($2)
            """, .texts(runs), .texts(kept), .double(Double(Schema.keptSeconds)))
    }

    // MARK: Removing

    /// Marks some objects whose time has come, and returns run, name and whether a file had it.
    static let mark = Statement(
        """
        UPDATE objects SET due = '-infinity' FROM (
            SELECT run, name FROM objects WHERE due < now() ORDER BY due LIMIT 100 FOR UPDATE SKIP LOCKED) n
        WHERE objects.run = n.run AND objects.name = n.name
        RETURNING objects.run, objects.name, was_named
        """)

    static func forget(_ run: String, _ name: String) -> Statement {
        Statement("DELETE FROM objects WHERE run = $1 AND name = $2", .text(run), .text(name))
    }
}
