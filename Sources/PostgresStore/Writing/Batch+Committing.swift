internal import RunMetadata
internal import RunStore

/// The changes of the writes as a few statements, each for all runs.
extension Batch {
    /// The statements that end the transaction, the commit last.
    var commitStatements: [Statement] {
        let changed = runs.values.sorted { $0.key < $1.key }
        return removing + making(changed) + files(changed) + objects(changed) + columnStatements(changed)
            + contents(changed) + activeRuns + [counting] + eventStatements + [.commit]
    }

    private var removing: [Statement] {
        if removed.isEmpty { return [] }
        let keys = Parameter.texts(removed.sorted())
        return [
            Statement("INSERT INTO dropped (run, content) SELECT run, content FROM files WHERE run = ANY ($1)", keys),
            ObjectNotes.drop(of: removed.sorted(), but: namedObjects.sorted()),
        ]
            + ["files", "row_columns", "cells", "summaries", "runs"].map { table in
                Statement("DELETE FROM \(table) WHERE run = ANY ($1)", keys)
            } + [
                Statement(
                    """
                    INSERT INTO removed_runs (run) SELECT unnest($1) ON CONFLICT (run) DO UPDATE
                    SET changed = excluded.changed, at = excluded.at
                    """, keys)
            ]
    }

    private func making(_ changed: [WorkingRun]) -> [Statement] {
        func columns(_ runs: [WorkingRun]) -> [Parameter] {
            [
                .texts(runs.map(\.key)), .ints(runs.map { Int($0.place.rawValue) }), .ints(runs.map(\.activation)),
                .doubles(runs.map(\.modified)), .ints(runs.map(\.bytes)),
            ]
        }
        var statements: [Statement] = []
        let new = changed.filter { $0.isThere && !$0.isStored }
        if !new.isEmpty {
            statements.append(
                Statement(
                    """
                    INSERT INTO runs (run, place, activation, modified, bytes, sender, is_stale)
                    SELECT *, left(run, 1) <> '@'
                    FROM unnest($1, $2, $3, $4, $5, $6) AS n(run, place, activation, modified, bytes, sender)
                    """, parameters: columns(new) + [.texts(new.map(\.sender))], isKept: true))
        }
        let old = changed.filter { $0.isThere && $0.isStored && isChanged($0) }
        if !old.isEmpty {
            statements.append(
                Statement(
                    """
                    UPDATE runs SET place = n.place, activation = n.activation, modified = n.modified,
                        bytes = n.bytes, is_stale = left(n.run, 1) <> '@'
                    FROM unnest($1, $2, $3, $4, $5) AS n(run, place, activation, modified, bytes)
                    WHERE runs.run = n.run
                    """, parameters: columns(old), isKept: true))
        }
        return statements
    }

    private func isChanged(_ run: WorkingRun) -> Bool {
        guard let before = loaded[run.key] else { return true }
        return run.place != before.place || run.activation != before.activation || run.modified != before.modified
            || run.files != run.stored
    }

    private func files(_ changed: [WorkingRun]) -> [Statement] {
        var gone: [(run: String, path: ArtifactPath)] = []
        var dropped: [(run: String, content: Int)] = []
        var written: [(run: String, path: ArtifactPath, file: KnownFile)] = []
        for run in changed where run.isThere && run.files != run.stored {
            let used = Set(run.files.values.map(\.content))
            for (path, file) in run.stored {
                if run.files[path] == nil { gone.append((run.key, path)) }
                if !used.contains(file.content) { dropped.append((run.key, file.content)) }
            }
            for (path, file) in run.files where run.stored[path] != file { written.append((run.key, path, file)) }
        }
        var statements: [Statement] = []
        if !gone.isEmpty {
            statements.append(
                Statement(
                    "DELETE FROM files USING unnest($1, $2) AS n(run, path) WHERE files.run = n.run AND files.path = n.path",
                    .texts(gone.map(\.run)), .texts(gone.map(\.path.description))))
        }
        if !written.isEmpty {
            statements.append(
                Statement(
                    """
                    INSERT INTO files (run, path, content, size, modified, object)
                    SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (run, path) DO UPDATE
                    SET content = excluded.content, size = excluded.size, modified = excluded.modified,
                        object = excluded.object
                    """,
                    .texts(written.map(\.run)), .texts(written.map(\.path.description)),
                    .ints(written.map(\.file.content)), .ints(written.map(\.file.size)),
                    .doubles(written.map(\.file.modified)), .texts(written.map(\.file.object))))
        }
        if !dropped.isEmpty {
            statements.append(
                Statement(
                    "INSERT INTO dropped (run, content) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING",
                    .texts(dropped.map(\.run)), .ints(dropped.map(\.content))))
        }
        return statements
    }

    /// The objects that files of the batch's runs name.
    private var namedObjects: Set<String> {
        Set(runs.values.lazy.filter(\.isThere).flatMap { $0.files.values.lazy.compactMap(\.object) })
    }

    /// The statements for objects that files name now, and for those that no file names any more.
    private func objects(_ changed: [WorkingRun]) -> [Statement] {
        let named = namedObjects
        let taken = uploads.all.filter { named.contains($0.name) }
        let dropped = changed.filter(\.isThere).flatMap { run in
            run.stored.values.compactMap(\.object).filter { !named.contains($0) }.map { (run: run.key, name: $0) }
        }
        let beginning = beginning
        return (beginning.isEmpty ? [] : [ObjectNotes.begin(beginning)])
            + (taken.isEmpty ? [] : [ObjectNotes.take(taken)]) + (dropped.isEmpty ? [] : [ObjectNotes.drop(dropped)])
    }

    private func contents(_ changed: [WorkingRun]) -> [Statement] {
        let used = Set(changed.lazy.filter(\.isThere).flatMap { $0.files.values.lazy.map(\.content) })
        // Adjacent pieces, such as rows of several writes, are joined.
        var joined: [Piece] = []
        var last: [Int: Int] = [:]
        for piece in pieces where used.contains(piece.content) {
            if let place = last[piece.content], joined[place].position + joined[place].bytes.count == piece.position,
                joined[place].bytes.count + piece.bytes.count <= Schema.pieceSize
            {
                joined[place].bytes += piece.bytes
            } else {
                last[piece.content] = joined.count
                joined.append(piece)
            }
        }
        var statements: [Statement] = []
        if !joined.isEmpty { statements.append(Self.insert(joined)) }
        for copy in copies where used.contains(copy.content) {
            statements.append(
                Statement(
                    """
                    INSERT INTO pieces (run, content, position, bytes)
                    SELECT $1, $2, position + $3, bytes FROM pieces WHERE run = $4 AND content = $5
                    """,
                    .text(copy.run), .int(copy.content), .int(copy.position), .text(copy.source),
                    .int(copy.sourceContent)))
        }
        return statements
    }

    static func insert(_ pieces: [Piece]) -> Statement {
        Statement(
            "INSERT INTO pieces (run, content, position, bytes) SELECT * FROM unnest($1, $2, $3, $4)",
            .texts(pieces.map(\.run)), .ints(pieces.map(\.content)), .ints(pieces.map(\.position)),
            .blobs(pieces.map(\.bytes)))
    }

    private var activeRuns: [Statement] {
        let changed = changedSessions.sorted { $0.description < $1.description }.compactMap { session in
            sessions[session].map { (session.description, $0) }
        }
        if changed.isEmpty { return [] }
        return [
            Statement(
                """
                INSERT INTO sessions (session, run, activation) SELECT * FROM unnest($1, $2, $3)
                ON CONFLICT (session) DO UPDATE SET run = excluded.run, activation = excluded.activation
                """,
                .texts(changed.map(\.0)), .texts(changed.map(\.1.run)), .ints(changed.map(\.1.activation)))
        ]
    }

    /// Stores the batch's own number, and adds its changes to the counts of all runs.
    private var counting: Statement {
        if counts.runs == 0, counts.bytes == 0 {
            return Statement("INSERT INTO batches (number) VALUES ($1)", .int(number))
        }
        return Statement(
            """
            WITH counted AS (
                INSERT INTO totals (part, runs, bytes) VALUES (pg_backend_pid() % \(Schema.totalParts), $2, $3)
                ON CONFLICT (part) DO UPDATE
                SET runs = totals.runs + excluded.runs, bytes = totals.bytes + excluded.bytes)
            INSERT INTO batches (number) VALUES ($1)
            """, .int(number), .int(counts.runs), .int(counts.bytes))
    }

    /// Events are numbered under a lock that is held until the commit. So whoever has seen a number has seen all events
    /// before it.
    private var eventStatements: [Statement] {
        if events.isEmpty { return [] }
        return [
            Statement(
                "SELECT pg_advisory_xact_lock($1::int4, $2::int4)", .int(Schema.Lock.group), .int(Schema.Lock.events)),
            Statement(
                """
                INSERT INTO events (run, number, kind, detail, content, position, size)
                SELECT run, nextval('event_numbers'), kind, detail, content, position, size
                FROM (SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
                    WITH ORDINALITY AS n(run, kind, detail, content, position, size, place) ORDER BY place) n
                """,
                .texts(events.map(\.run)), .ints(events.map(\.kind.rawValue)), .texts(events.map(\.detail)),
                .ints(events.map(\.content)), .ints(events.map(\.position)), .ints(events.map(\.size))),
            Statement("SELECT pg_notify('\(Schema.name)', '')"),
        ]
    }
}
