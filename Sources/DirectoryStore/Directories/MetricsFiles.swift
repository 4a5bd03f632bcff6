internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// Tells which of a run's two files of metrics is the truth, and which views of rows this process knows.
///
/// `metrics.json` is a view of `metrics.ndjson`, unless something else, such as R, has written it since: then it is the newer
/// truth, and the rows begin anew from it with the next that comes. Three things tell:
/// - A view that this server writes gets a time of change just before that of the rows that it was made of (utimensat(2)). So
///   one that is older than the rows is a view, or is older than the last row; and one that is not was written by something
///   else, or copied.
/// - What this process wrote, or has looked at, it knows by its version.
/// - Where that leaves it open, the contents are compared: a frame that says what the rows say, or said at some moment, is a
///   view. (A run directory that was copied has other times, and its view may lag.)
final class MetricsFiles: Sendable {
    /// Where the truth is.
    enum Holder: Sendable {
        case nothing
        /// In the rows; what there is of a frame is a view of them, or is no whole frame.
        case rows
        /// In the frame: there are no rows, or the frame is newer.
        case frame
    }

    /// A frame that stands beside rows.
    private struct Known: Sendable {
        let frame: FileVersion
        /// The rows beside it when it was made, or looked at.
        let rows: FileVersion
        let kind: Kind
    }

    private enum Kind: Sendable {
        /// A view of all those rows.
        case view
        /// A view of fewer.
        case laggingView
        /// Something else has written it.
        case rewritten
    }

    /// Runs that are remembered; those that are not are looked at again.
    private static let mostKnown = 16_384

    private let known = Mutex<[String: Known]>([:])

    // MARK: Asking

    /// Where the truth about a run's metrics is.
    func holder(of folder: String, in run: RunDirectory) -> Holder {
        guard let rows = FileVersion(file: run.status(RunPath(.metricsRows))) else {
            return run.status(RunPath(.metricsFrame)) == nil ? .nothing : .frame
        }
        guard let frame = FileVersion(file: run.status(RunPath(.metricsFrame))) else { return .rows }
        return isRewritten(folder, frame, rows, in: run) ? .frame : .rows
    }

    /// Whether a frame and rows beside it, which were looked at just now, are such that their contents matter.
    static func isDoubtful(_ frame: stat?, beside rows: stat?) -> Bool {
        guard let frame = FileVersion(file: frame), let rows = FileVersion(file: rows) else { return false }
        return frame.time >= rows.time
    }

    /// Whether a frame is known to be a view of all rows as they are.
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
            // A row may have come since: it is what the frame replaced that tells.
            isKnownToDiffer = known.frame != frame && frame.time >= known.frame.time
        }
        if !isKnownToDiffer, frame.time < rows.time { return false }
        let kind: Kind
        switch MetricsLikeness(of: run, frame, rows) {
        case .same: kind = .view
        case .earlier: kind = isKnownToDiffer ? .rewritten : .laggingView
        case .other: kind = .rewritten
        // It is no frame, or was cut off. One that is being written where another had been seen hides the rows as that did.
        case nil: return known?.kind == .rewritten && wallClock() - frame.modified < Settling.longestPause
        }
        note(folder, Known(frame: frame, rows: rows, kind: kind))
        return kind == .rewritten
    }

    // MARK: Noting

    /// The time of change of a view of rows, nanoseconds since 1970.
    static func timeOfView(of rows: FileVersion) -> Int { rows.time - 1 }

    /// A frame is a view of rows from now on: it was made of them, or they of it.
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
    /// Compares a run's frame with its rows; nil where they cannot be read, or are others by now.
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

    /// Lends the text of a file that has a version; nil where it has not.
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
