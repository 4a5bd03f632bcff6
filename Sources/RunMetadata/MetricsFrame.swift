internal import JSON
package import Limits

/// A run's metrics as a data frame: a column for each metric, a row for each key, missing where nothing was sent.
///
/// A frame is a view of the text that it was read from: a cell is the place of its number in that text (8 bytes). So a
/// frame of a million rows by four columns takes 40 MB beside the text, and numbers keep all their digits. The text
/// must outlive the frame.
///
/// `MetricsRowOrder` determines the rows and their order; columns are in order of first appearance. If a row is sent
/// again, its values replace those of the existing row; missing values replace nothing.
package struct MetricsFrame {
    /// One metric.
    package struct Column {
        package let name: String
        let nameBytes: [UInt8]
        package let role: MetricsColumnRole
        /// The name as it is written in rows: in quotes, with a colon.
        let member: [UInt8]
        /// By position of arrival; shorter than the frame if the last rows lack the metric.
        var cells: [Cell] = []

        init(name: UnsafeRawBufferPointer) {
            nameBytes = Array(name)
            self.name = String(decoding: name, as: UTF8.self)
            role = MetricsColumnRole(name)
            member = MetricsColumnStorage.member(of: name)
        }
    }

    /// The most values of a frame: 1 GiB of cells. Missing ones count, and a column's name counts by its size.
    package static let limit = Limit(.entries, most: 1 << 27)
    private static let cellsOfName = 64

    package private(set) var columns: [Column] = []
    private var cellCount = 0
    /// Whether reading stopped at the limit. The frame then has what was read before.
    package private(set) var isCut = false
    /// Whether its columns had different lengths when they were read.
    package internal(set) var isRagged = false
    /// By the bytes of the name: Swift treats composed and decomposed letters as equal, JSON does not.
    private var columnIndex: [[UInt8]: Int] = [:]
    private let origin: UnsafeRawBufferPointer
    private let most: Int

    package private(set) var order: MetricsRowOrder

    /// An empty frame over a text.
    init(text: UnsafeRawBufferPointer, order: MetricsRowOrder = MetricsRowOrder(), limit: Limit = Self.limit) {
        (origin, self.order, most) = (text, order, limit.most)
    }

    package var rowCount: Int { order.count }

    // MARK: Building

    /// The position of a key's row. Adds the row if it is new.
    mutating func row(for key: MetricsRowKey) -> Int { order.position(of: key) }

    /// The index of a column. `guess`, the index if rows have the same members, is tried first.
    mutating func column(named name: UnsafeRawBufferPointer, guess: Int) -> Int {
        if guess < columns.count, columns[guess].nameBytes.count == name.count,
            columns[guess].nameBytes.elementsEqual(name)
        {
            return guess
        }
        let bytes = Array(name)
        if let index = columnIndex[bytes] { return index }
        columns.append(Column(name: name))
        columnIndex[bytes] = columns.count - 1
        hold(Self.cellsOfName)
        return columns.count - 1
    }

    /// Removes the columns from index `count` on. They must have no cells.
    mutating func forgetColumns(beyond count: Int) {
        for column in columns[count...] { columnIndex[column.nameBytes] = nil }
        columns.removeSubrange(count...)
    }

    private mutating func hold(_ cells: Int) {
        cellCount += cells
        if cellCount > most { isCut = true }
    }

    /// The index of a column; nil if no column has that name.
    package func column(named name: String) -> Int? { columnIndex[Array(name.utf8)] }

    /// Sets a cell; a missing value changes nothing.
    mutating func set(_ cell: Cell, row: Int, column: Int) {
        if cell.isMissing { return }
        let count = columns[column].cells.count
        if row < count {
            columns[column].cells[row] = cell
        } else {
            hold(row + 1 - count)
            if isCut { return }
            for _ in count..<row { columns[column].cells.append(.missing) }
            columns[column].cells.append(cell)
        }
    }

    // MARK: Reading

    func cell(row: Int, column: Int) -> Cell {
        let cells = columns[column].cells
        return row < cells.count ? cells[row] : .missing
    }

    /// The JSON text of a cell: a number, `"NaN"`, `"Inf"`, `"-Inf"` or `null`.
    package func json(_ cell: Cell) -> UnsafeRawBufferPointer { cell.json(in: origin) }

    /// The number that a cell holds; nil if it holds none (or text that another program wrote).
    func number(_ cell: Cell) -> JSONNumber? { cell.number(in: origin) }

    /// Whether tfruns counts a cell: it has a number, neither missing nor NaN.
    func isNumber(_ cell: Cell) -> Bool { cell.isNumber(in: origin) }

    func double(_ cell: Cell) -> Double { cell.double(in: origin) }

    /// What a listing shows of the frame; nil if there are no columns.
    package var digest: MetricsDigest? { tail.digest }

    /// The columns that are shown unless some are named: all but Rundir's own.
    package var shownColumns: [Int] { columns.indices.filter { !columns[$0].role.isHidden } }

    /// The number of rows up to the last one that has a value; rows after it are epochs to come.
    package var filledRowCount: Int { rowCount { !$0.isMissing } }

    /// The number of rows up to the last one that has a value other than NaN.
    var measuredRowCount: Int { rowCount { !$0.isMissing && $0 != .nan } }

    /// The number of rows up to the last one for which `isValue` is true of a cell.
    private func rowCount(_ isValue: (Cell) -> Bool) -> Int {
        shownColumns.map { columns[$0].cells.lastIndex(where: isValue).map { $0 + 1 } ?? 0 }.max() ?? 0
    }
}

extension MetricsFrame {
    /// One value: missing, non-finite, or the place of a number in the frame's text.
    package struct Cell: Equatable {
        // 0 to 3: values without a place. Otherwise the place times 2^20 plus the length.
        private let packed: UInt64

        package static let missing = Cell(packed: 0)
        package static let nan = Cell(packed: 1)
        package static let infinity = Cell(packed: 2)
        package static let negativeInfinity = Cell(packed: 3)

        private init(packed: UInt64) { self.packed = packed }

        /// The most characters of a number.
        package static let longestNumber = 1000

        /// A number's place. Nil if the number is too long or at offset 0, where no number can be.
        init?(offset: Int, length: Int) {
            guard offset > 0, length <= Self.longestNumber else { return nil }
            packed = UInt64(offset) << 20 | UInt64(length)
        }

        /// The place of a JSON text that is not a metric. Nil if it has 1 MiB or more.
        init?(other offset: Int, length: Int) {
            guard offset > 0, length < 1 << 20 else { return nil }
            packed = UInt64(offset) << 20 | UInt64(length)
        }

        package var isMissing: Bool { packed == 0 }

        func isNumber(in text: UnsafeRawBufferPointer) -> Bool {
            guard packed > 3 else { return packed > 1 }
            let first = text[place.lowerBound]
            return first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") <= 9
        }

        private var place: Range<Int> {
            let offset = Int(packed >> 20)
            return offset..<offset + Int(packed & 0xFFFFF)
        }

        func json(in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
            let literal: StaticString
            switch packed {
            case 0: literal = "null"
            case 1: literal = NonFinite.nan.json
            case 2: literal = NonFinite.infinity.json
            case 3: literal = NonFinite.negativeInfinity.json
            default: return UnsafeRawBufferPointer(rebasing: text[place])
            }
            return UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
        }

        func number(in text: UnsafeRawBufferPointer) -> JSONNumber? {
            switch packed {
            case 0: nil
            case 1: .nan
            case 2: .infinity
            case 3: .negativeInfinity
            default: JSONNumber(String(decoding: text[place], as: UTF8.self))
            }
        }

        /// The nearest double of a number; NaN if there is none.
        func double(in text: UnsafeRawBufferPointer) -> Double {
            switch packed {
            case 0, 1: return .nan
            case 2: return .infinity
            case 3: return -.infinity
            default:
                let number = UnsafeRawBufferPointer(rebasing: text[place]).assumingMemoryBound(to: UInt8.self)
                return number.baseAddress.map { MetricsNumberText.value($0, $0 + number.count) } ?? .nan
            }
        }

        /// The cell of a value's token in a text; missing if it does not fit.
        init(token: Int, of tokens: JSONTokens, in text: UnsafeRawBufferPointer) {
            let source = tokens.source(at: token)
            let offset = source.baseAddress! - text.baseAddress!
            switch tokens.kind(at: token) {
            case .number: self = Cell(offset: offset, length: source.count) ?? .missing
            case .null: self = .missing
            case .string, .nonFinite:
                let named = MetricValue.named(tokens.text(at: token))?.double
                self = named.map { Cell($0) } ?? Cell(other: offset, length: source.count) ?? .missing
            default: self = Cell(other: offset, length: source.count) ?? .missing
            }
        }

        /// The cell of a value that is missing, NaN or an infinity.
        init(_ value: Double) {
            self =
                MetricsTable.isMissing(value)
                ? .missing : value.isNaN ? .nan : value > 0 ? .infinity : .negativeInfinity
        }
    }
}
