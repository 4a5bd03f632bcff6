internal import RunMetadata

/// The files of runs that were changed since some writes with large files were asked for, read from the events. Events
/// are kept for a while (`Keeper`): a removal that is older than the kept events is not noticed.
struct PathChanges: Sendable {
    /// The number of the last event, by run and path. The empty path: the run was removed.
    private var last: [String: [String: Int]] = [:]

    private static let kinds: [Event.Kind] = [.file, .artifact, .removed]

    /// No changes.
    init() {}

    /// Reads the rows of `statement(since:)`.
    init(_ rows: Rows) {
        for row in 0..<rows.count { last[rows.text(row, 0), default: [:]][rows.text(row, 1)] = rows.int(row, 2) }
    }

    /// Adds an event of a write of the same batch.
    mutating func add(_ event: Event) {
        if Self.kinds.contains(event.kind) { last[event.run, default: [:]][event.detail] = .max }
    }

    func contains(_ path: ArtifactPath, of run: RunID?, after number: Int) -> Bool {
        // Events name metadata by its path in the metadata folder.
        isChanged(path.dataPath?.description ?? path.description, run, number)
    }

    /// Whether the run was removed after an event. Another run may have its id now.
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
