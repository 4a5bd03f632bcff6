internal import Glibc

/// The columns that a row in the plain form is read into.
protocol MetricsRowColumns: AnyObject {
    /// How many there are.
    var columnCount: Int { get }
    /// The length of a column's name as rows have it, in quotes and with its colon, if that is what stands at a place.
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int?
    /// Whether a column holds the rows' key, and whether that is `step`.
    func isKey(_ column: Int) -> Bool
    func isStep(_ column: Int) -> Bool
    /// The column of a name; a new one where there is none.
    func column(named name: UnsafeRawBufferPointer) -> Int
    /// Takes a number of the row, by where its text starts and ends.
    func add(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int)
    /// Takes a value that is no number of digits: missing, NaN or an infinity.
    func add(_ value: Double, to column: Int)
}

/// Reads a row in the form in which all of Rundir's are: `{"epoch":1,"loss":0.42}`, without white space and escapes.
enum MetricsPlainRow {
    /// Reads one line.
    /// - Parameter key: set to the row's key, where it has one
    /// - Returns: false where it is not in this form; what was taken so far is of no use then
    @inline(__always)
    static func read<Columns: MetricsRowColumns>(
        _ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, _ key: inout Int?, into columns: Columns
    ) -> Bool {
        guard line.pointee == UInt8(ascii: "{"), newline - line > 2 else { return false }
        var at = line + 1
        var guess = 0
        var hasStep = false
        while true {
            guard let column = column(at: &at, newline, guess: guess, of: columns) else { return false }
            guess = column + 1
            if at.pointee == UInt8(ascii: "n") {
                guard newline - at > 4, memcmp(at, "null", 4) == 0 else { return false }
                at += 4
                columns.add(MetricsTable.missing, to: column)
            } else if at.pointee == UInt8(ascii: "\"") {
                guard let value = named(&at, newline) else { return false }
                columns.add(value, to: column)
            } else {
                guard let end = MetricsNumberText.end(of: at) else { return false }
                if columns.isKey(column) {
                    let text = UnsafeRawBufferPointer(start: at, count: end - at)
                    guard let whole = MetricsKey.value(text) else { return false }
                    let isStep = columns.isStep(column)
                    if isStep || !hasStep { key = whole }
                    hasStep = hasStep || isStep
                }
                columns.add(at, end, to: column)
                at = end
            }
            if at.pointee == UInt8(ascii: ",") {
                at += 1
            } else {
                return at.pointee == UInt8(ascii: "}") && at + 1 == newline
            }
        }
    }

    /// The column whose name and colon stand at a place, found first at `guess`, which is where it stands when rows look alike.
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
        let column = columns.column(named: UnsafeRawBufferPointer(start: place + 1, count: quote - place - 1))
        place = quote + 2
        return column
    }

    private static func named(_ place: inout UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Double? {
        guard let quote = find(UInt8(ascii: "\""), place + 1, newline) else { return nil }
        defer { place = quote + 1 }
        return named(UnsafeRawBufferPointer(start: place + 1, count: quote - place - 1))
    }

    /// The value that a text stands for; nil where it is none.
    static func named(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= 9 else { return nil }
        return switch String(decoding: text, as: UTF8.self) {
        case "NA": MetricsTable.missing
        case "NaN": .nan
        case "Inf", "Infinity": .infinity
        case "-Inf", "-Infinity": -.infinity
        default: nil
        }
    }

    /// memchr(3).
    @inline(__always)
    static func find(
        _ byte: UInt8, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        guard let found = memchr(start, Int32(byte), end - start) else { return nil }
        return start + (UnsafeRawPointer(found) - UnsafeRawPointer(start))
    }
}
