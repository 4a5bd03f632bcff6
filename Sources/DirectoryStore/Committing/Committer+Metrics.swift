internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Changes of a run's metrics other than appending rows.
extension Committer {
    // MARK: A whole frame

    /// Plans the replacement of all metrics by a whole frame, if that is allowed.
    func replaceMetrics(
        by frame: MetricsReplacement, _ folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        try version(RunPath(.metricsFrame), folder)
        try version(RunPath(.metricsRows), folder)
        let directory = try directory(of: folder)
        var there: MetricsThere?
        let holder = directory.map { metricsFiles.holder(of: folder.name, in: $0) }
        if let directory { there = try MetricsThere(directory, isRows: holder == .rows, beside: frame) }
        switch try frame.effect(on: there.map { ($0.rowCount, $0.isBeginning) }) {
        case .appended(let rows):
            guard try add(rows, to: plan, isAlone: true) else { throw .overloaded }
            return
        case .replaced(let keepingEarlier):
            if keepingEarlier, let directory {
                try keepEarlierRows(directory, isFrame: holder == .frame, folder, plan)
            }
        }
        replaceMetrics(by: frame.text, plan)
    }

    /// The same, without looking at the present metrics.
    func replaceMetrics(by frame: [UInt8], _ plan: WritePlan) {
        plan.add(.put(DataPath.metricsFrame.description, frame))
        plan.add(.remove(DataPath.metricsRows.description))
        let name = plan.folder
        logs.forget(name)
        plan.whenDone { committer in
            committer.logs.forget(name)
            committer.metricsFiles.forget(name)
            _ = committer.views.take(name)
        }
    }

    /// Plans that the present rows are kept as `metrics.1.ndjson`.
    /// - Parameter isFrame: whether they are those of the frame
    func keepEarlierRows(
        _ directory: RunDirectory, isFrame: Bool, _ folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        try version(RunPath(.earlierMetricsRows), folder)
        let path = DataPath.earlierMetricsRows.description
        let kept = try isFrame ? nil : storing { () throws(FileFailure) in try keptRows(directory) }
        if let kept {
            plan.add(.publish(path, staged: kept.name))
            plan.whenDone { _ in kept.published() }
        } else {
            do throws(StoreError) { plan.add(.put(path, try rowsOfFrame(directory))) } catch {
                // If it is not a frame, or truncated, it has no rows that could be kept.
                switch error {
                case .unreadable, .beingWritten: return
                default: throw error
                }
            }
        }
    }

    /// Gives the rows a second name in the staging folder, and syncs them, since the journal has them under their old
    /// name.
    private func keptRows(_ directory: RunDirectory) throws(FileFailure) -> KeptRows? {
        guard let file = try directory.openExisting(RunPath(.metricsRows)) else { return nil }
        defer { close(file) }
        let kept = KeptRows(path: applier.newStagedPath())
        let isKept = try directory.withFolder(of: RunPath(.metricsRows)) { folder throws(FileFailure) in
            try folder.keep(as: kept.path)
        }
        guard isKept else { return nil }
        try Files.sync(file, path: DataPath.metricsRows.description)
        return kept
    }
}

/// Rows that have a second name in the staging folder. It is removed unless it is published.
private final class KeptRows: @unchecked Sendable {
    // Sendable: used only by the committer.

    let path: String
    private var isPublished = false

    var name: String { String(path.split(separator: "/").last ?? "") }

    init(path: String) { self.path = path }

    deinit { if !isPublished { unlink(path) } }

    func published() { isPublished = true }
}

/// The present metrics of a run, compared with a frame that is to replace them.
private struct MetricsThere {
    /// Number of rows, counted up to one more than the frame has.
    let rowCount: Int
    /// Whether the frame begins with them.
    let isBeginning: Bool

    /// - Throws: if they cannot be read
    init?(_ directory: RunDirectory, isRows: Bool, beside frame: MetricsReplacement) throws(StoreError) {
        let rows =
            isRows ? try storing { () throws(FileFailure) in try directory.openFile(RunPath(.metricsRows)) } : nil
        let whole =
            rows == nil ? try storing { () throws(FileFailure) in try directory.openFile(RunPath(.metricsFrame)) } : nil
        guard let file = rows ?? whole else { return nil }
        defer { close(file) }
        let size = Int(Files.status(of: file).st_size)
        // The most bytes of the frame's own rows: each has its numbers, all names, a time and a row number.
        let mostBytes = frame.text.count * 2 + frame.rowCount * (64 + Self.namesLength(frame.text)) + 4096
        if frame.condition.isAlways || (rows != nil && size > mostBytes) {
            rowCount = frame.condition.isAlways ? 0 : try Self.count(file, atMost: frame.rowCount)
            isBeginning = false
            return
        }
        (rowCount, isBeginning) = try WholeText.withBytes(file, size: size, of: "metrics") { text throws(StoreError) in
            if rows == nil, JSONExtent.isCut(text) { throw .beingWritten(.metricsFrame) }
            return frame.compared(with: text, isRows: rows != nil)
        }
    }

    /// Counts the rows of a log, up to `most + 1`.
    private static func count(_ file: CInt, atMost most: Int) throws(StoreError) -> Int {
        let table = MetricsTable()
        var failure: FileFailure?
        let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 << 20, alignment: 16)
        defer { part.deallocate() }
        while table.rowCount <= most {
            do throws(FileFailure) {
                let count = try Files.read(file, into: part, at: table.covered, path: "metrics")
                if table.append(UnsafeRawBufferPointer(rebasing: part[..<count])) == 0 { break }
            } catch {
                failure = error
                break
            }
        }
        if let failure { throw StoreError(failure) }
        return min(table.rowCount, most + 1)
    }

    /// Bytes of all names of a frame, which each row of a log repeats.
    private static func namesLength(_ text: [UInt8]) -> Int {
        let parser = JSONParser()
        return withExtendedLifetime(parser) {
            text.withUnsafeBytes { bytes in
                guard let tokens = try? parser.parse(bytes, nonFinite: .allowed) else { return 0 }
                var (length, token) = (0, 1)
                while tokens.kind(at: token) == .name {
                    length += tokens.source(at: token).count + 2
                    token = tokens.next(after: token + 1)
                }
                return length
            }
        }
    }
}

/// The rows of a run's `metrics.json`.
/// - Parameter waits: whether to wait a short time while it is being written
/// - Throws: `beingWritten` if it stays truncated
func rowsOfFrame(_ run: RunDirectory, waits: Bool = false) throws(StoreError) -> [UInt8] {
    try Settling.read(.metricsFrame, in: run, waits: waits) { () throws(StoreError) -> Settled<[UInt8]> in
        guard let file = try storing({ () throws(FileFailure) in try run.openFile(RunPath(.metricsFrame)) }) else {
            return .whole([])
        }
        defer { close(file) }
        return try Settling.withText(of: file, .metricsFrame) { text throws(StoreError) in
            guard let rows = try MetricsFrame.rows(ofFrame: text) else {
                throw .unreadable(
                    "the run's metrics.json, to which the rows would be added, is no data frame; send the whole frame")
            }
            return rows
        }
    }
}
