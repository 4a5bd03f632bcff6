internal import JSON

/// Reads one part of a run's rows into a tail.
final class MetricsTailReading: MetricsRowColumns {
    private(set) var tail: MetricsTail
    private let text: UnsafeRawBufferPointer
    /// The cells of the row that is being read.
    private var row: [(column: Int, cell: MetricsFrame.Cell, isNumber: Bool)] = []
    private var last: [MetricsFrame.Cell] = []
    private let isRough: Bool
    /// The count of the last column before the current row added a column.
    private var completed = 0
    /// The columns by their names as rows have them. Made when a row's order first differs from that of the row before.
    private var places: [[UInt8]: Int]?

    init(_ tail: MetricsTail, _ text: UnsafeRawBufferPointer, isRough: Bool) {
        (self.tail, self.text, self.isRough, completed) = (tail, text, isRough, tail.completed)
        row.reserveCapacity(tail.columns.count)
    }

    func read(_ parser: JSONParser) -> Bool {
        defer { tail.keep(last, of: text) }
        var isClear = true
        _ = MetricsLine.readAll(text, parser, into: self) { key, _ in
            isClear = tail.add(row, key, &last, of: text, isRough: isRough)
            completed = tail.completed
            return isClear
        }
        return isClear
    }

    // MARK: Columns

    var columnCount: Int { tail.columns.count }

    @inline(__always)
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int? {
        MetricsLine.match(tail.columns[column].member, at: place, newline)
    }

    @inline(__always)
    func role(of column: Int) -> MetricsColumnRole { tail.columns[column].role }

    /// The column of a name; a new one is added at the end.
    func column(named name: UnsafeRawBufferPointer) -> Int {
        let column = MetricsTail.Column(name: String(decoding: name, as: UTF8.self))
        if places == nil {
            places = Dictionary(
                tail.columns.enumerated().map { ($1.member, $0) }, uniquingKeysWith: { first, _ in first })
        }
        if let place = places?[column.member] { return place }
        tail.append(column)
        places?[column.member] = tail.columns.count - 1
        return tail.columns.count - 1
    }

    func forgetRow(columns count: Int) {
        row.removeAll(keepingCapacity: true)
        guard tail.columns.count > count else { return }
        tail.columns.removeSubrange(count...)
        tail.completed = completed
        places = nil
    }

    @inline(__always)
    func add(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {
        // A number that is too long for a cell counts as missing.
        if let cell = MetricsFrame.Cell(offset: UnsafeRawPointer(start) - text.baseAddress!, length: end - start) {
            row.append((column, cell, true))
        }
    }

    @inline(__always)
    func add(_ value: Double, to column: Int) { row.append((column, MetricsFrame.Cell(value), !value.isNaN)) }

    func add(other start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {
        let offset = UnsafeRawPointer(start) - text.baseAddress!
        if let cell = MetricsFrame.Cell(other: offset, length: end - start) { row.append((column, cell, false)) }
    }
}
