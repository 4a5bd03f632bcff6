internal import RunMetadata

/// Which files of runs were changed since some writes with large files were asked for, as the events say. Those are
/// kept for a while (`Keeper`): behind more, what was removed and is not there is taken for what never was.
struct PathChanges: Sendable {
    /// The number of the last event, by run and path; those of no path removed the run.
    private var last: [String: [String: Int]] = [:]

    private static let kinds: [Event.Kind] = [.file, .artifact, .removed]

    /// None.
    init() {}

    /// The rows of `statement(since:)`.
    init(_ rows: Rows) {
        for row in 0..<rows.count { last[rows.text(row, 0), default: [:]][rows.text(row, 1)] = rows.int(row, 2) }
    }

    /// Adds what a write of the same batch has done.
    mutating func add(_ event: Event) {
        if Self.kinds.contains(event.kind) { last[event.run, default: [:]][event.detail] = .max }
    }

    func contains(_ path: ArtifactPath, of run: RunID?, after number: Int) -> Bool {
        // Events name metadata as it is in its folder.
        isChanged(path.dataPath?.description ?? path.description, run, number)
    }

    /// Whether the run was removed, and another one has its name now.
    func removed(_ run: RunID?, after number: Int) -> Bool { isChanged("", run, number) }

    private func isChanged(_ name: String, _ run: RunID?, _ number: Int) -> Bool {
        run.flatMap { last[$0.description]?[name] }.map { $0 > number } ?? false
    }

    static func statement(since reservations: [Reservation]) -> Statement {
        Statement(
            """
            SELECT run, detail, max(number) FROM events
            WHERE run = ANY ($1) AND number > $2 AND kind = ANY ($3) GROUP BY run, detail
            """,
            .texts(reservations.compactMap(\.run?.description)), .int(reservations.map(\.lastEvent).min() ?? 0),
            .ints(kinds.map(\.rawValue)))
    }
}
