internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The number of columns of a run's metrics, over all of its rows.
///
/// Nearly all rows have the same shape as the last ones of their run: their names are not read, only their shapes are
/// compared. Other rows are read for names, which are kept as long as the run's log is open. For a log that existed
/// before, the names are taken from the index, or read from the file.
extension Committer {
    /// The most column names that are kept, of all logs: about 100 MB. Beyond, those of other logs are dropped.
    private static let mostHeldColumns = 1_000_000
    /// The most shapes that are kept of a log.
    private static let mostShapes = 64
    /// How far back from the end of a file to search for its last row, and how much of a file to read at a time, in
    /// bytes.
    private static let longestRow = 64 << 10
    private static let part = 1 << 20

    /// Refuses rows whose new names would make too many columns.
    func checkColumns(of rows: MetricsRows, _ log: MetricsLogs.Log) throws(StoreError) {
        if let shape = rows.shape, log.columns == nil, log.shapes.isEmpty, shape == lastShape(of: log) {
            return remember(shape, log)
        }
        if let shape = rows.shape, log.shapes.contains(shape) {
            log.shape = shape
            return
        }
        if log.columns == nil {
            log.columns = try readColumns(of: log)
            heldColumns += log.columns?.columnCount ?? 0
        }
        guard let columns = log.columns else { return }
        let (all, shown) = (columns.columnCount, columns.count)
        columns.read(rows.bytes, parser)
        do throws(StoreError) {
            try settings.rules.checkColumns(columns.count, before: shown, of: "metrics")
        } catch {
            columns.forget(beyond: all)
            throw error
        }
        heldColumns += columns.columnCount - all
        if heldColumns > Self.mostHeldColumns {
            logs.forgetColumns(but: log)
            heldColumns = columns.columnCount
        }
        if let shape = rows.shape { remember(shape, log) }
    }

    /// The same for rows that follow others in the same write.
    func checkColumns(of rows: MetricsRows, behind earlier: [UInt8]) throws(StoreError) {
        if rows.isEmpty { return }
        let columns = MetricsColumnNames()
        columns.read(earlier, parser)
        let before = columns.count
        columns.read(rows.bytes, parser)
        try settings.rules.checkColumns(columns.count, before: before, of: "metrics")
    }

    private func remember(_ shape: MetricsShape, _ log: MetricsLogs.Log) {
        if log.shapes.count >= Self.mostShapes { log.shapes.removeAll() }
        log.shapes.insert(shape)
        log.shape = shape
    }

    /// The shape of the last row in a log's file; nil if unknown.
    private func lastShape(of log: MetricsLogs.Log) -> MetricsShape? {
        let length = min(log.plannedAt, Self.longestRow)
        guard length > 1, log.descriptor >= 0 else { return nil }
        let end = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = max(0, pread(log.descriptor, buffer.baseAddress, length, off_t(log.plannedAt - length)))
        }
        let rows = end.dropLast()
        let start = rows.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        if start == 0, length < log.plannedAt { return nil }
        return rows[start...].withUnsafeBytes { text -> MetricsShape? in
            guard let tokens = try? parser.parse(text, nonFinite: .allowed), tokens.kind(at: 0) == .objectBegin else {
                return nil
            }
            var shape = MetricsShape()
            var token = 1
            while tokens.kind(at: token) == .name {
                shape.add(tokens.text(at: token))
                token = tokens.next(after: token + 1)
            }
            return shape
        }
    }

    /// The column names of the rows in a log's file.
    private func readColumns(of log: MetricsLogs.Log) throws(StoreError) -> MetricsColumnNames {
        guard log.descriptor >= 0 else { return MetricsColumnNames() }
        var (columns, offset) = (MetricsColumnNames(), 0)
        if let mark = knownRows(log.folder), mark.isIn(log.descriptor, upTo: log.plannedAt) {
            (columns, offset) = (MetricsColumnNames(of: mark.tail), mark.offset)
        }
        let memory = FileMemory()
        var size = Self.part
        while offset < log.plannedAt {
            let length = min(size, log.plannedAt - offset)
            let text = UnsafeMutableRawBufferPointer(rebasing: memory.room(length)[..<length])
            let count = try storing { () throws(FileFailure) in
                try Files.read(log.descriptor, into: text, at: offset, path: MetricsLogs.file)
            }
            guard let newline = text[..<count].lastIndex(of: UInt8(ascii: "\n")) else {
                // A line longer than the buffer, or a last line that another program cut off.
                guard count == length, length == size else { break }
                size *= 2
                continue
            }
            columns.read(UnsafeRawBufferPointer(rebasing: text[...newline]), parser)
            offset += newline + 1
        }
        return columns
    }
}
