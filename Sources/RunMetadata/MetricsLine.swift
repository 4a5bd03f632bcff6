internal import Glibc
internal import JSON

/// Takes the values of a row of metrics as it is read.
protocol MetricsRowColumns: AnyObject {
    /// The number of columns.
    var columnCount: Int { get }
    /// The length of a column's name in quotes and its colon, if the text at `place` is that.
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int?
    func role(of column: Int) -> MetricsColumnRole
    /// The column of a name, which is added if it is new.
    func column(named name: UnsafeRawBufferPointer) -> Int
    /// Discards the values of the current row, and the columns from index `columns` on.
    func forgetRow(columns: Int)
    /// Takes a number of the row, given where its text starts and ends.
    func add(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int)
    /// Takes a value that is missing, NaN or an infinity.
    func add(_ value: Double, to column: Int)
    /// Takes the JSON text of a value that is not a metric, from a row that another program wrote: a text, `true` or
    /// `false`.
    func add(other start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int)
}

/// Reads a line of `metrics.ndjson` into columns. Single rows are read as `MetricsRow`; nothing else reads rows.
enum MetricsLine {
    /// Reads the rows of a text, whole lines. A line that is not a row, which Rundir never writes, is skipped.
    /// - Parameter take: takes a row's key and where its line starts; returns whether to go on
    /// - Returns: the number of bytes that were read
    @inline(__always)
    static func readAll<Columns: MetricsRowColumns>(
        _ text: UnsafeRawBufferPointer, _ parser: JSONParser, into columns: Columns,
        _ take: (MetricsRowKey, _ offset: Int) -> Bool
    ) -> Int {
        guard let base = text.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        var line = base
        let end = base + text.count
        while line < end, let newline = find(UInt8(ascii: "\n"), line, end) {
            if let key = read(line, newline, parser, into: columns), !take(key, line - base) { break }
            line = newline + 1
        }
        return line - base
    }

    /// Reads a line.
    /// - Returns: the row's key; nil if the line is not a row, which then leaves no values
    @inline(__always)
    private static func read<Columns: MetricsRowColumns>(
        _ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, _ parser: JSONParser, into columns: Columns
    ) -> MetricsRowKey? {
        let count = columns.columnCount
        columns.forgetRow(columns: count)
        if let key = readPlain(line, newline, into: columns) { return key }
        columns.forgetRow(columns: count)
        return readAny(UnsafeRawBufferPointer(start: line, count: newline - line), parser, into: columns)
    }

    /// The step and epoch of a row, either of which may be its key.
    private struct Keys {
        var step: MetricsAxisValue?
        var epoch: MetricsAxisValue?
        var isOfFrame = false

        @inline(__always)
        mutating func note(_ role: MetricsColumnRole, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) {
            switch role {
            case .step:
                let value = MetricsAxisValue(UnsafeRawBufferPointer(start: start, count: end - start))
                if value?.fraction == 0 { step = value }
            case .epoch: epoch = MetricsAxisValue(UnsafeRawBufferPointer(start: start, count: end - start))
            case .frame: isOfFrame = true
            case .metric, .time: return
            }
        }

        var key: MetricsRowKey {
            if isOfFrame { return .none }
            if let step { return MetricsRowKey(.step, step) }
            if let epoch { return MetricsRowKey(.epoch, epoch) }
            return .none
        }
    }

    /// Reads a row in the form that Rundir writes: `{"epoch":1,"loss":0.42}`, without white space and escapes.
    /// - Returns: nil if it does not have this form
    @inline(__always)
    private static func readPlain<Columns: MetricsRowColumns>(
        _ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, into columns: Columns
    ) -> MetricsRowKey? {
        guard line.pointee == UInt8(ascii: "{"), newline - line > 2 else { return nil }
        var keys = Keys()
        var at = line + 1
        var guess = 0
        while true {
            guard let column = column(at: &at, newline, guess: guess, of: columns) else { return nil }
            guess = column + 1
            if at.pointee == UInt8(ascii: "n") {
                guard newline - at > 4, memcmp(at, "null", 4) == 0 else { return nil }
                at += 4
                columns.add(MetricsTable.missing, to: column)
            } else if at.pointee == UInt8(ascii: "\"") {
                guard let value = quoted(&at, newline) else { return nil }
                columns.add(value, to: column)
            } else {
                guard let end = MetricsNumberText.end(of: at) else { return nil }
                let role = columns.role(of: column)
                if role != .metric { keys.note(role, at, end) }
                columns.add(at, end, to: column)
                at = end
            }
            if at.pointee == UInt8(ascii: ",") {
                at += 1
            } else {
                return at.pointee == UInt8(ascii: "}") && at + 1 == newline ? keys.key : nil
            }
        }
    }

    /// Reads any row that is a JSON object.
    private static func readAny(
        _ line: UnsafeRawBufferPointer, _ parser: JSONParser, into columns: some MetricsRowColumns
    ) -> MetricsRowKey? {
        guard let tokens = try? parser.parse(line, nonFinite: .allowed), tokens.kind(at: 0) == .objectBegin else {
            return nil
        }
        var keys = Keys()
        var token = 1
        while tokens.kind(at: token) == .name {
            let column = columns.column(named: tokens.text(at: token))
            let source = tokens.source(at: token + 1).bindMemory(to: UInt8.self)
            if let start = source.baseAddress {
                let end = start + source.count
                switch tokens.kind(at: token + 1) {
                case .number:
                    keys.note(columns.role(of: column), start, end)
                    columns.add(start, end, to: column)
                case .null: columns.add(MetricsTable.missing, to: column)
                case .string, .nonFinite:
                    if let value = MetricValue.named(tokens.text(at: token + 1))?.double {
                        columns.add(value, to: column)
                    } else {
                        columns.add(other: start, end, to: column)
                    }
                default: columns.add(other: start, end, to: column)
                }
            }
            token = tokens.next(after: token + 1)
        }
        return keys.key
    }

    /// The column whose name and colon are at `place`. `guess`, its index if rows have the same members, is tried
    /// first.
    @inline(__always)
    private static func column<Columns: MetricsRowColumns>(
        at place: inout UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, guess: Int, of columns: Columns
    ) -> Int? {
        if guess < columns.columnCount, let length = columns.member(of: guess, at: place, newline) {
            place += length
            return guess
        }
        guard place.pointee == UInt8(ascii: "\""), let quote = find(UInt8(ascii: "\""), place + 1, newline),
            quote[1] == UInt8(ascii: ":"), find(UInt8(ascii: "\\"), place, quote) == nil
        else { return nil }
        let name = UnsafeRawBufferPointer(start: place + 1, count: quote - place - 1)
        guard isText(name) else { return nil }
        let column = columns.column(named: name)
        place = quote + 2
        return column
    }

    /// Whether bytes may stand in a JSON text as they are: UTF-8 without control characters (RFC 8259 section 7).
    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var isPlain = true
        for byte in bytes {
            if byte < 0x20 { return false }
            isPlain = isPlain && byte < 0x80
        }
        return isPlain || String(validating: bytes, as: UTF8.self) != nil
    }

    /// The value that the quoted text at `place` names.
    private static func quoted(_ place: inout UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Double? {
        guard let quote = find(UInt8(ascii: "\""), place + 1, newline) else { return nil }
        defer { place = quote + 1 }
        return MetricValue.named(UnsafeRawBufferPointer(start: place + 1, count: quote - place - 1))?.double
    }

    /// The length of a member, a name in quotes and its colon, if it is at `place` (memcmp(3)).
    @inline(__always)
    static func match(
        _ member: [UInt8], at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>
    ) -> Int? {
        member.withUnsafeBufferPointer { member in
            guard let base = member.baseAddress, newline - place > member.count else { return nil }
            return memcmp(place, base, member.count) == 0 ? member.count : nil
        }
    }

    /// memchr(3).
    @inline(__always)
    private static func find(
        _ byte: UInt8, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        guard let found = memchr(start, Int32(byte), end - start) else { return nil }
        return start + (UnsafeRawPointer(found) - UnsafeRawPointer(start))
    }
}
