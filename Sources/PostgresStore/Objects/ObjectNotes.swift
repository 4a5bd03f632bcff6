/// The rows of `objects`: what is in the object store and no file has, with the time after which it is removed.
///
/// A row is written before an upload begins, and deleted by the transaction that gives the object to a file; it comes
/// back when the file is removed. So no object is forgotten, whatever ends when. Whoever is about to remove an object
/// marks the row first (`-infinity`), so that no transaction takes the object from then on.
enum ObjectNotes {
    /// Seconds that an upload may take, until its write is committed.
    static let uploadSeconds = 86_400.0

    /// Notes objects that are about to be uploaded.
    static func begin(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            """
            INSERT INTO objects (run, name, was_named, due)
            SELECT run, name, false, now() + make_interval(secs => $3) FROM unnest($1, $2) AS n(run, name)
            ON CONFLICT DO NOTHING
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)), .double(uploadSeconds))
    }

    /// No file will have these objects, unless a commit that is under way has given them to one.
    static func giveUp(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            """
            UPDATE objects SET due = now() FROM unnest($1, $2) AS n(run, name)
            WHERE objects.run = n.run AND objects.name = n.name
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)))
    }

    // MARK: In a batch's transaction

    /// Locks the rows of objects, and says which are there and not about to be removed.
    static func lock(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            """
            SELECT objects.name FROM objects JOIN unnest($1, $2) AS n(run, name)
                ON objects.run = n.run AND objects.name = n.name
            WHERE due > '-infinity' ORDER BY objects.name FOR UPDATE OF objects
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)))
    }

    /// Files have these objects now.
    static func take(_ objects: [UploadedObjects.Object]) -> Statement {
        Statement(
            "DELETE FROM objects USING unnest($1, $2) AS n(run, name) WHERE objects.run = n.run AND objects.name = n.name",
            .texts(objects.map(\.run)), .texts(objects.map(\.name)))
    }

    /// No file has these objects any more; somebody may be reading them.
    static func drop(_ objects: [(run: String, name: String)]) -> Statement {
        Statement(
            """
            INSERT INTO objects (run, name, was_named, due)
            SELECT run, name, true, now() + make_interval(secs => $3) FROM unnest($1, $2) AS n(run, name)
            """,
            .texts(objects.map(\.run)), .texts(objects.map(\.name)), .double(Double(Schema.keptSeconds)))
    }

    /// The same of all objects of some runs, but for those that other runs have taken over.
    static func drop(of runs: [String], but kept: [String]) -> Statement {
        Statement(
            """
            INSERT INTO objects (run, name, was_named, due)
            SELECT run, object, true, now() + make_interval(secs => $3) FROM files
            WHERE run = ANY ($1) AND object IS NOT NULL AND object <> ALL ($2)
            """, .texts(runs), .texts(kept), .double(Double(Schema.keptSeconds)))
    }

    // MARK: Removing

    /// Marks some objects whose time has come, and says which: run, name, whether a file had it.
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
