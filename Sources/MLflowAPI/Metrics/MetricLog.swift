internal import Glibc
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// The rows of a run in the order in which they were sent, each with its step and time.
struct MetricLog {
    /// One row.
    struct Row {
        let row: MetricsRow
        /// How many rows are before it.
        let line: Int

        /// The value of a metric; nil if the row has none.
        func entry(_ key: String, _ name: String) -> MetricEntry? {
            guard let value = row[name] else { return nil }
            return MetricEntry(key: key, value: value, timestamp: time ?? 0, step: step)
        }

        /// The same for a history.
        /// - Parameter start: the time of a row that has none
        func value(_ name: String, _ start: Int) -> MetricHistory.Value? {
            guard let value = row[name] else { return nil }
            return MetricHistory.Value(time: time ?? start, step: step, number: value.double)
        }

        /// The step, or what a row without one has in its place.
        private var step: Int { row.step ?? line }

        /// Milliseconds since 1970.
        private var time: Int? { row.time.map { MLflowJSON.milliseconds($0) } }
    }

    private let blob: any Blob

    /// The log of a run; nil if it has no rows that were sent.
    init?(_ store: any RunStore, _ run: RunID) throws(StoreError) {
        guard let blob = try store.file(.metricsRows, of: run) else { return nil }
        self.blob = blob
    }

    /// Bytes that are read at a time.
    private static let piece = 1 << 20
    /// Longest possible row; a longer line is not a row.
    private static let longestRow = 64 << 20
    /// Bytes at the end of a log in which the last values of metrics are looked for: a run is shown in the same time
    /// however long its log is.
    private static let mostAtEnd = 64 << 20

    /// Which content it has.
    var version: BlobVersion { blob.version }

    /// Calls `body` with each row that has a name. A line that is longer than any row ends what is read.
    /// - Throws: also if nobody waits for the exchange's reply any longer
    func each(with name: String, for exchange: HTTPExchange, _ body: (Row) throws -> Void) throws {
        var (read, line) = (0, 0)
        var rest: [UInt8] = []
        // Bytes of the rest that have no end of a line.
        var searched = 0
        var quoted: [UInt8] = []
        JSONWriter.append(string: name, to: &quoted)
        while read < blob.size, rest.count < Self.longestRow {
            try exchange.checkPresence()
            let bytes = try bytes(read..<min(read + Self.piece, blob.size))
            if bytes.isEmpty { return }
            read += bytes.count
            rest += bytes
            var start = 0
            while let end = rest[max(start, searched)...].firstIndex(of: UInt8(ascii: "\n")) {
                let text = rest[start..<end]
                start = end + 1
                line += 1
                // Most lines of a long log have other names: parsing them would take most of the time.
                guard Self.contains(text, quoted), let row = MetricsRow(line: text) else { continue }
                try body(Row(row: row, line: line - 1))
            }
            rest.removeFirst(start)
            searched = rest.count
        }
    }

    /// Calls `body` with all rows of the end of the log, part by part from the last one, until it returns false or
    /// `mostAtEnd` bytes are read.
    func eachPartFromTheEnd(_ body: ([MetricsRow]) throws -> Bool) throws {
        var (end, size) = (blob.size, Self.piece)
        while end > 0, blob.size - end < Self.mostAtEnd {
            let start = max(0, end - size)
            var bytes = try bytes(start..<end)[...]
            if start > 0 {
                // A part begins with a row; the one in which the bytes begin belongs to the part before.
                guard let newline = bytes.firstIndex(of: UInt8(ascii: "\n")), newline + 1 < bytes.count else {
                    // It is longer.
                    if size >= Self.longestRow { return }
                    size *= 2
                    continue
                }
                bytes = bytes[(newline + 1)...]
            }
            (end, size) = (start > 0 ? start + bytes.startIndex : 0, Self.piece)
            let rows = bytes.split(separator: UInt8(ascii: "\n")).compactMap { MetricsRow(line: $0) }
            if try !body(rows) { return }
        }
    }

    private func bytes(_ range: Range<Int>) throws(StoreError) -> [UInt8] {
        var failure: StoreError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(StoreError) {
                count = try blob.read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Whether a line has a name in quotes (memchr(3), memcmp(3)).
    private static func contains(_ line: ArraySlice<UInt8>, _ name: [UInt8]) -> Bool {
        line.withUnsafeBytes { line in
            name.withUnsafeBytes { name in
                guard let base = line.baseAddress, let wanted = name.baseAddress else { return false }
                var place = 0
                while place + name.count <= line.count {
                    let left = line.count - name.count + 1 - place
                    guard let found = memchr(base + place, Int32(UInt8(ascii: "\"")), left) else { return false }
                    if memcmp(found, wanted, name.count) == 0 { return true }
                    place = UnsafeRawPointer(found) - base + 1
                }
                return false
            }
        }
    }
}
