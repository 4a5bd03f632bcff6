internal import RunMetadata
internal import RunStore

/// The locks that some writes need, and the data to read for them.
struct BatchNeeds {
    /// Keys of runs, and of what waits for sessions' next runs.
    let keys: [String]
    private let sessions: [String]
    /// Keys of which all metadata is needed. Of the others, only the files for appending rows and output are read.
    private let complete: Set<String>
    /// The second of the ids to be made; nil if no ids are made.
    private let stamp: String?
    /// Whether no other batch may make runs at the same time, since the ids or the number of runs depend on all others.
    private let makesAlone: Bool
    /// Whether the number of all runs and the sum of their bytes are needed.
    let needsTotals: Bool

    init(_ writes: [RunWrite], stamp: String, _ rules: RunRules) {
        var keys: Set<String> = []
        var sessions: Set<String> = []
        var complete: Set<String> = []
        var (makesRuns, makesIDs) = (false, false)
        for write in writes {
            let key = write.target.key
            keys.insert(key)
            if case .active(let session) = write.target { sessions.insert(session.description) }
            if write.action.appended == nil { complete.insert(key) }
            switch write.action {
            case .initialise(let session, _):
                sessions.insert(session.description)
                let waiting = RunTarget.active(session).key
                keys.insert(waiting)
                complete.insert(waiting)
                makesRuns = true
                if case .active = write.target { makesIDs = true }
            case .resume(let session): sessions.insert(session.description)
            default: break
            }
        }
        (self.keys, self.sessions, self.complete) = (keys.sorted(), sessions.sorted(), complete)
        self.stamp = makesIDs ? stamp : nil
        makesAlone = makesIDs || makesRuns && rules.mostRuns != nil
        needsTotals = makesRuns && rules.mostRuns != nil || rules.mostBytes != nil
    }

    /// Whether all metadata of a run was read: under its id, or because it is the active run of a session.
    func needsAll(of key: String, _ active: [SessionName: Batch.ActiveRun]) -> Bool {
        complete.contains(key)
            || active.contains { $0.value.run == key && complete.contains(RunTarget.active($0.key).key) }
    }

    // MARK: Statements

    /// The metadata files of some runs, and of what waits for sessions' next runs, with the bytes of small files.
    static let allFiles = """
        SELECT run, path, content, size, modified, \(smallBytes), object FROM files f
        WHERE run = ANY ($1) AND (path > 'tfruns.d/' AND path < 'tfruns.d0' OR left(run, 1) = '@')
        """

    private static let smallBytes = """
        CASE WHEN object IS NULL AND size <= \(KnownFile.small) THEN coalesce((
            SELECT string_agg(p.bytes, ''::bytea ORDER BY p.position) FROM pieces p
            WHERE p.run = f.run AND p.content = f.content), ''::bytea) END
        """

    /// The files that appending needs.
    private static let appended = [DataPath.metricsRows, .metricsFrame, .output].map { ArtifactPath($0).description }

    /// The number of statements before those that read.
    var lockCount: Int { (makesAlone ? 1 : 0) + (sessions.isEmpty ? 0 : 1) + 1 }

    /// The statements: locks; the transaction, ids of contents and the last event; sessions; runs; files; ids of the
    /// stamp's second; totals.
    var statements: [Statement] {
        var statements: [Statement] = []
        if makesAlone {
            statements.append(
                Statement(
                    "SELECT pg_advisory_xact_lock($1::int4, $2::int4)", .int(Schema.Lock.group),
                    .int(Schema.Lock.freshRun)))
        }
        if !sessions.isEmpty {
            statements.append(
                Statement(
                    """
                    SELECT pg_advisory_xact_lock(key) FROM (
                        SELECT DISTINCT hashtextextended('session ' || s, 0) AS key FROM unnest($1) s ORDER BY key) keys
                    """, .texts(sessions)))
        }
        // A separate statement, so that it sees what was committed before the sessions were locked.
        statements.append(
            Statement(
                """
                SELECT pg_advisory_xact_lock(key) FROM (
                    SELECT hashtextextended(k, 0) AS key FROM unnest($1) k
                    UNION SELECT hashtextextended(run, 0) FROM sessions WHERE session = ANY ($2)
                    ORDER BY key) keys
                """, .texts(keys), .texts(sessions)))
        statements += [
            Statement(
                "SELECT pg_current_xact_id()::text, nextval('contents'), (SELECT last_value FROM event_numbers)"),
            Statement("SELECT session, run, activation FROM sessions WHERE session = ANY ($1)", .texts(sessions)),
            Statement(
                """
                SELECT run, place, activation, modified, bytes, sender FROM runs
                WHERE run = ANY ($1 || ARRAY(SELECT run FROM sessions WHERE session = ANY ($2)))
                """, .texts(keys), .texts(sessions)),
            files,
            Statement(
                "SELECT run FROM runs WHERE run >= $1 AND run < $2", .text(stamp ?? ""),
                .text(stamp.map { $0 + "~" } ?? "")),
        ]
        if needsTotals { statements.append(Self.totals) }
        return statements
    }

    static let totals = Statement(
        "SELECT coalesce(sum(runs), 0)::bigint, coalesce(sum(bytes), 0)::bigint FROM totals")

    private var files: Statement {
        let waiting = complete.filter { $0.hasPrefix(RunLayout.sessionMark) }.map { String($0.dropFirst()) }
        return Statement(
            """
            SELECT run, path, content, size, modified, \(Self.smallBytes), object FROM files f
            WHERE run = ANY ($1 || ARRAY(SELECT run FROM sessions WHERE session = ANY ($2)))
                AND (path > 'tfruns.d/' AND path < 'tfruns.d0' OR left(run, 1) = '@')
            UNION ALL
            SELECT run, path, content, size, modified, NULL, object FROM files f
            WHERE run = ANY ($3 || ARRAY(SELECT run FROM sessions WHERE session = ANY ($4))) AND path = ANY ($5)
            """,
            .texts(complete.sorted()), .texts(waiting), .texts(keys.filter { !complete.contains($0) }),
            .texts(sessions.filter { !waiting.contains($0) }), .texts(Self.appended))
    }
}

extension RunWrite.Action {
    /// The files that it appends rows and output to, if it does nothing else; nil if it does more.
    var appended: [DataPath]? {
        guard case .change(let changes) = self else { return nil }
        var paths: [DataPath] = []
        for change in changes {
            switch change {
            case .rows: paths.append(.metricsRows)
            case .append(.output, _, _): paths.append(.output)
            default: return nil
            }
        }
        return paths
    }
}
