internal import Glibc
package import JSON

/// The end of a run's metrics: enough to bring its digest up to date with rows that come behind, without those before.
///
/// Rows that come in the order of their keys cost nothing that grows with the run. Of those that do not (a job that runs
/// steps again), it cannot always be known whether they fill a gap or take the place of a value; then the frame has to tell.
package struct MetricsTail: Sendable, Equatable {
    /// The end of one column.
    package struct Column: Sendable, Equatable {
        let name: String
        /// The name as rows have it, in quotes and with its colon; by its bytes columns are told apart.
        fileprivate let member: [UInt8]
        fileprivate let isKey: Bool
        fileprivate let isStep: Bool
        /// The last value that is neither missing nor NaN, and its row's key.
        var value: JSONNumber?
        var valueKey: Int?
        /// The greatest key with a value.
        var topKey: Int?

        init(name: String, value: JSONNumber? = nil, valueKey: Int? = nil, topKey: Int? = nil) {
            (self.name, member, self.value) = (name, MetricsColumnStorage.member(of: name), value)
            (self.valueKey, self.topKey) = (valueKey, topKey)
            isStep = name == MetricsKey.step
            isKey = isStep || name == MetricsKey.epoch
        }
    }

    fileprivate(set) var columns: [Column]
    fileprivate(set) var greatestKey: Int?
    /// How many values the last column has.
    fileprivate(set) var completed: Int

    init(columns: [Column] = [], greatestKey: Int? = nil, completed: Int = 0) {
        (self.columns, self.greatestKey, self.completed) = (columns, greatestKey, completed)
    }

    /// The tail of no rows.
    package init() { self.init(columns: []) }

    package var columnCount: Int { columns.count }

    /// The digest; nil where there is no column.
    package var digest: MetricsDigest? {
        if columns.isEmpty { return nil }
        let values = columns.filter { $0.name != MetricsKey.epoch && $0.name != MetricsKey.step }.compactMap { column in
            column.value.map { (name: column.name, value: $0) }
        }
        return MetricsDigest(values: values, completed: completed)
    }

    /// Reads rows that follow, whole lines.
    /// - Parameter isRough: whether a row of which only the frame can tell what it changes is passed over
    /// - Returns: false where only the frame of all rows can tell the digest; the tail is of no use then
    package mutating func read(
        _ text: UnsafeRawBufferPointer, parser: JSONParser, isRough: Bool = false
    ) -> Bool {
        let reading = MetricsTailReading(self, text, parser, isRough: isRough)
        self = MetricsTail()
        let isClear = reading.read()
        self = reading.tail
        return isClear
    }

    /// Takes a row.
    /// - Returns: false where only the frame can tell
    @inline(__always)
    fileprivate mutating func add(
        _ row: [(column: Int, cell: MetricsFrame.Cell)], key: Int?, _ last: inout [MetricsFrame.Cell], isRough: Bool
    ) -> Bool {
        let key = key ?? (greatestKey ?? -1) + 1
        greatestKey = max(greatestKey ?? key, key)
        while last.count < columns.count { last.append(.missing) }
        for (column, cell) in row where !cell.isMissing {
            guard set(cell, key: key, column: column, &last) || isRough else { return false }
        }
        return true
    }

    private mutating func set(
        _ cell: MetricsFrame.Cell, key: Int, column: Int, _ last: inout [MetricsFrame.Cell]
    ) -> Bool {
        let (top, valueKey) = (columns[column].topKey, columns[column].valueKey)
        if column == columns.count - 1 {
            if top.map({ key > $0 }) ?? true { completed += 1 } else if key != top { return false }
        }
        columns[column].topKey = max(top ?? key, key)
        if cell == .nan { return key != valueKey }
        if valueKey.map({ key >= $0 }) ?? true {
            last[column] = cell
            columns[column].valueKey = key
        }
        return true
    }

    /// Adds a column, which is the last from now on.
    fileprivate mutating func append(_ column: Column) {
        columns.append(column)
        completed = 0
    }

    /// Forgets columns that a line which is no row seemed to have.
    fileprivate mutating func goBack(toColumns count: Int, completed: Int) {
        columns.removeSubrange(count...)
        self.completed = completed
    }

    /// Makes only the last value of each column a number.
    fileprivate mutating func keep(_ last: [MetricsFrame.Cell], of text: UnsafeRawBufferPointer) {
        for (column, cell) in last.enumerated() where !cell.isMissing { columns[column].value = cell.number(in: text) }
    }
}

/// The reading of one part of a run's rows into a tail.
private final class MetricsTailReading: MetricsRowColumns {
    private(set) var tail: MetricsTail
    private let text: UnsafeRawBufferPointer
    private let parser: JSONParser
    /// Of the row that is being read.
    private var row: [(column: Int, cell: MetricsFrame.Cell)] = []
    private var last: [MetricsFrame.Cell] = []
    private let isRough: Bool
    /// The columns by their names as rows have them; made once a row has another order than the one before.
    private var places: [[UInt8]: Int]?

    init(_ tail: MetricsTail, _ text: UnsafeRawBufferPointer, _ parser: JSONParser, isRough: Bool) {
        (self.tail, self.text, self.parser, self.isRough) = (tail, text, parser, isRough)
        row.reserveCapacity(tail.columns.count)
    }

    func read() -> Bool {
        defer { tail.keep(last, of: text) }
        guard let base = text.bindMemory(to: UInt8.self).baseAddress else { return true }
        var line = base
        let end = base + text.count
        while line < end, let newline = MetricsPlainRow.find(UInt8(ascii: "\n"), line, end) {
            guard read(line, newline) else { return false }
            line = newline + 1
        }
        return true
    }

    private func read(_ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Bool {
        row.removeAll(keepingCapacity: true)
        var key: Int?
        let before = (tail.columns.count, tail.completed)
        if MetricsPlainRow.read(line, newline, &key, into: self) {
            return tail.add(row, key: key, &last, isRough: isRough)
        }
        // A column may have come of it.
        if tail.columns.count > before.0 {
            tail.goBack(toColumns: before.0, completed: before.1)
            places = nil
        }
        row.removeAll(keepingCapacity: true)
        guard
            let tokens = try? parser.parse(
                UnsafeRawBufferPointer(start: line, count: newline - line), nonFinite: .allowed),
            tokens.kind(at: 0) == .objectBegin
        else { return true }
        var token = 1
        while tokens.kind(at: token) == .name {
            let column = column(named: tokens.text(at: token))
            if let cell = MetricsFrame.Cell(token: token + 1, of: tokens, in: text) { row.append((column, cell)) }
            token = tokens.next(after: token + 1)
        }
        return tail.add(row, key: MetricsFrame.key(ofRowAt: 0, of: tokens), &last, isRough: isRough)
    }

    // MARK: Columns

    var columnCount: Int { tail.columns.count }

    @inline(__always)
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int? {
        tail.columns[column].member.withUnsafeBufferPointer { member in
            guard let base = member.baseAddress, newline - place > member.count else { return nil }
            return memcmp(place, base, member.count) == 0 ? member.count : nil
        }
    }

    @inline(__always)
    func isKey(_ column: Int) -> Bool { tail.columns[column].isKey }

    @inline(__always)
    func isStep(_ column: Int) -> Bool { tail.columns[column].isStep }

    /// The column of a name; a new one is the last.
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

    @inline(__always)
    func add(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {
        let place = UnsafeRawPointer(start) - text.baseAddress!
        // One that is too long for a cell counts as missing.
        if let cell = MetricsFrame.Cell(offset: place, length: end - start) { row.append((column, cell)) }
    }

    @inline(__always)
    func add(_ value: Double, to column: Int) {
        if MetricsTable.isMissing(value) { return }
        row.append((column, value.isNaN ? .nan : value > 0 ? .infinity : .negativeInfinity))
    }
}
