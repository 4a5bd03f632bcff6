internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// Decides which of a run's two files of metrics is authoritative, and knows this process's views of rows.
///
/// `metrics.json` is a view of `metrics.ndjson`, unless another program, such as R, has written it since: then it is
/// authoritative, and with the next row that arrives, the rows are rebuilt from it. Three things decide:
/// - A view that this server writes gets a time of change just before that of its rows (utimensat(2)). So a frame older
///   than the rows is a view, or older than the last row; one that is not older was written by another program, or
///   copied.
/// - Files that this process wrote or has checked are known by their version.
/// - Otherwise the contents are compared: a frame that equals the rows, or an earlier state of them, is a view. (A
///   copied run directory has other times, and its view may lag.)
final class MetricsFiles: Sendable {
    /// The authoritative file.
    enum Holder: Sendable {
        case nothing
        /// The rows; a frame is a view of them, or incomplete.
        case rows
        /// The frame: there are no rows, or the frame is newer.
        case frame
    }

    /// A frame beside rows.
    private struct Known: Sendable {
        let frame: FileVersion
        /// The rows beside it when it was made or checked.
        let rows: FileVersion
        let kind: Kind
    }

    private enum Kind: Sendable {
        /// A view of all those rows.
        case view
        /// A view of fewer rows.
        case laggingView
        /// Written by another program.
        case rewritten
    }

    /// The most cached runs; others are checked again.
    private static let mostKnown = 16_384

    private let known = Mutex<[String: Known]>([:])

    // MARK: Asking

    /// The authoritative file of a run's metrics.
    func holder(of folder: String, in run: RunDirectory) -> Holder {
        guard let rows = FileVersion(file: run.status(RunPath(.metricsRows))) else {
            return run.status(RunPath(.metricsFrame)) == nil ? .nothing : .frame
        }
        guard let frame = FileVersion(file: run.status(RunPath(.metricsFrame))) else { return .rows }
        return isRewritten(folder, frame, rows, in: run) ? .frame : .rows
    }

    /// Whether the contents of a frame and rows have to be compared, given their present status.
    static func isDoubtful(_ frame: stat?, beside rows: stat?) -> Bool {
        guard let frame = FileVersion(file: frame), let rows = FileVersion(file: rows) else { return false }
        return frame.time >= rows.time
    }

    /// Whether a frame is known to be a view of all present rows.
    func isUpToDate(_ folder: String, in run: RunDirectory) -> Bool {
        guard let rows = FileVersion(file: run.status(RunPath(.metricsRows))),
            let frame = FileVersion(file: run.status(RunPath(.metricsFrame)))
        else { return false }
        if let known = known.withLock({ $0[folder] }), known.frame == frame, known.rows.inode == rows.inode {
            return known.kind == .view && known.rows == rows
        }
        return frame.time == Self.timeOfView(of: rows)
    }

    private func isRewritten(_ folder: String, _ frame: FileVersion, _ rows: FileVersion, in run: RunDirectory) -> Bool
    {
        let known = known.withLock { $0[folder] }.flatMap { $0.rows.inode == rows.inode ? $0 : nil }
        var isKnownToDiffer = false
        if let known {
            if known.frame == frame, known.kind != .rewritten || known.rows == rows { return known.kind == .rewritten }
            // A row may have been added since: compare with the frame that this one replaced.
            isKnownToDiffer = known.frame != frame && frame.time >= known.frame.time
        }
        if !isKnownToDiffer, frame.time < rows.time { return false }
        let kind: Kind
        switch MetricsLikeness(of: run, frame, rows) {
        case .same: kind = .view
        case .earlier: kind = isKnownToDiffer ? .rewritten : .laggingView
        case .other: kind = .rewritten
        // It is not a frame, or truncated. If it is being written where a rewritten one was seen, it still overrides
        // the rows.
        case nil: return known?.kind == .rewritten && wallClock() - frame.modified < Settling.longestPause
        }
        note(folder, Known(frame: frame, rows: rows, kind: kind))
        return kind == .rewritten
    }

    // MARK: Recording

    /// The time of change for a view of rows, nanoseconds since 1970.
    static func timeOfView(of rows: FileVersion) -> Int { rows.time - 1 }

    /// Records that a frame is a view of rows: one was made of the other.
    func note(_ folder: String, view frame: FileVersion, of rows: FileVersion) {
        note(folder, Known(frame: frame, rows: rows, kind: .view))
    }

    /// The frame that this process knows to be a view of a run's rows.
    func view(of folder: String) -> FileVersion? {
        known.withLock { known in known[folder].flatMap { $0.kind == .rewritten ? nil : $0.frame } }
    }

    /// The run's metrics were replaced or removed.
    func forget(_ folder: String) { known.withLock { $0[folder] = nil } }

    private func note(_ folder: String, _ frame: Known) {
        known.withLock { known in
            if known.count >= Self.mostKnown { known.removeAll(keepingCapacity: true) }
            known[folder] = frame
        }
    }
}

extension MetricsLikeness {
    /// Compares a run's frame with its rows; nil if they cannot be read, or have changed meanwhile.
    fileprivate init?(of run: RunDirectory, _ frame: FileVersion, _ rows: FileVersion) {
        do throws(StoreError) {
            let likeness = try Self.withText(.metricsFrame, of: run, frame) { frame throws(StoreError) in
                try Self.withText(.metricsRows, of: run, rows) { rows throws(StoreError) in
                    MetricsLikeness(ofFrame: frame, toRows: rows)
                }
            }
            guard let found = likeness ?? nil, let found else { return nil }
            self = found
        } catch { return nil }
    }

    /// Lends the text of a file if it has the given version; else nil.
    private static func withText<Result>(
        _ path: DataPath, of run: RunDirectory, _ version: FileVersion,
        _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Result
    ) throws(StoreError) -> Result? {
        guard let file = try storing({ () throws(FileFailure) in try run.openFile(RunPath(path)) }) else { return nil }
        defer { close(file) }
        let result = try WholeText.withBytes(file, size: version.size, of: path.description, body)
        return FileVersion(Files.status(of: file)) == version ? result : nil
    }
}
