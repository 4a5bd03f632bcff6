internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Checks a run's metrics, which may exceed memory: rows are read part by part. Checks that need a whole file are
/// skipped if it is too large.
extension RunCheck {
    /// Bytes that are read at a time, and the longest row that is checked.
    private static let part = 1 << 20
    private static let longestRow = 64 << 20
    private static let newline = UInt8(ascii: "\n")

    func checkMetrics() throws {
        let path = RunPath(.metricsRows)
        guard let rows = try directory.openIfInReach(path) else { return try checkFrame() }
        defer { close(rows) }
        try checkRows(rows, path)
        // A frame that another program has written since is authoritative.
        if MetricsFiles().holder(of: "", in: directory) == .frame { return try checkFrame() }
        try checkView(of: rows)
    }

    /// Checks each line.
    private func checkRows(_ rows: CInt, _ path: RunPath) throws {
        let parser = JSONParser()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.part, alignment: 16)
        defer { buffer.deallocate() }
        // The current line, the offset where it begins, and its number.
        var line: [UInt8] = []
        var (start, number) = (0, 1)
        var offset = 0
        func isRow() -> Bool {
            let kind = try? line.withUnsafeBytes { try parser.parse($0, nonFinite: .allowed).kind(at: 0) }
            return line.count <= Self.longestRow && kind == .objectBegin
        }
        while true {
            let count = try Files.read(rows, into: buffer, at: offset, path: path.description)
            if count == 0 { break }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])[...]
            while let end = rest.firstIndex(of: Self.newline) {
                line += rest[..<end].prefix(Self.longestRow + 1 - line.count)
                if !line.isEmpty, !isRow() { report(path, "line \(number) is not a row; readers skip it") }
                line.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
                (start, number) = (offset + end + 1, number + 1)
            }
            line += rest.prefix(Self.longestRow + 1 - line.count)
            offset += count
        }
        if line.isEmpty { return }
        if isRow() {
            try mend(path, "has no newline after its last row", "add it") {
                guard let file = try directory.openExisting(path) else { return }
                defer { close(file) }
                try Files.write([Self.newline], to: file, at: offset, path: path.description)
                try Files.sync(file, path: path.description)
            }
        } else {
            try mend(path, "has a truncated last line", "cut that off") {
                try directory.truncate(path, to: start)
            }
        }
    }

    /// Checks whether the view has the content of the rows. If there are more rows than fit in memory, the server
    /// writes no view.
    private func checkView(of rows: CInt) throws {
        let view = RunPath(.metricsFrame)
        let size = Int(Files.status(of: rows).st_size)
        if size > Self.largestFile { return }
        let text = try WholeText.withBytes(rows, size: size, of: "metrics.ndjson") {
            text throws(StoreError) -> [UInt8]? in
            let frame = MetricsFrame(rows: text)
            return frame.isCut ? nil : frame.text
        }
        guard let expected = text else { return }
        let isCurrent =
            try directory.status(view)?.st_size == off_t(expected.count) && directory.readIfInReach(view) == expected
        if isCurrent { return }
        try mend(view, "lags behind \(DataPath.metricsRows)", "write it again") { try write(expected, view) }
    }

    /// Checks a frame that is not a view of rows.
    private func checkFrame() throws {
        let path = RunPath(.metricsFrame)
        guard let text = try content(of: path) else { return }
        do {
            let isRagged = try JSONParser().withTokens(of: text, nonFinite: .allowed) { tokens in
                text.withUnsafeBytes { MetricsFrame(columnsAt: 0, of: tokens, in: $0)?.isRagged }
            }
            switch isRagged {
            case nil: report(path, "is not a data frame: it has no column")
            case true?: report(path, "is not a data frame: its columns differ in length")
            case false?:
                try checkQuotes(path) {
                    if let quoted = text.withUnsafeBytes({ NonFinite.quoting($0) }) { try write(quoted, path) }
                }
            }
        } catch {
            report(path, "is not a data frame: \(error)")
        }
    }
}
