package import JSON
package import Limits

/// A run's metrics as a data frame: a column for each metric, a row for each key, missing values where nothing was sent.
///
/// A frame is a view of the text that it was read from: a cell is the place of its number in that text (8 bytes), so a
/// frame of a million rows by four columns takes 40 MB beside the text, and every number keeps its last digit. The text has
/// to outlive the frame.
///
/// Rules: the frame is ordered by key, columns in order of first appearance. A row's key is its `step`, else its `epoch`.
/// A row whose key is there already merges into that row, a missing value leaving what is there. A row without a key is
/// the next one: its key is one more than the greatest so far, 0 in an empty frame.
package struct MetricsFrame {
    /// One metric.
    package struct Column {
        package let name: String
        let nameBytes: [UInt8]
        /// By position of arrival; shorter than the frame where the last rows have no such metric.
        var cells: [Cell] = []

        init(name: UnsafeRawBufferPointer) {
            nameBytes = Array(name)
            self.name = String(decoding: name, as: UTF8.self)
        }
    }

    /// Values of a frame, missing ones too, and as many for each column as its name takes room: 1 GiB of them.
    package static let limit = Limit(.entries, most: 1 << 27)
    private static let cellsOfName = 64

    package private(set) var columns: [Column] = []
    private var cellCount = 0
    /// Whether there is more in the text than a frame may have; what was read before is there.
    package private(set) var isCut = false
    /// By the bytes of the name: Swift takes composed and decomposed letters for one, JSON does not.
    private var columnIndex: [[UInt8]: Int] = [:]
    private let origin: UnsafeRawBufferPointer

    /// Keys by position of arrival.
    private var keys: [Int] = []
    private var greatestKey = -1
    /// Positions by key; made once rows no longer come in order.
    private var positions: [Int: Int]?
    private var isInOrder = true

    /// A frame without columns and rows over a text.
    /// - Parameter greatestKey: the greatest key of the rows before those that the text has, where it is a part
    init(text: UnsafeRawBufferPointer, greatestKey: Int = -1) {
        origin = text
        self.greatestKey = greatestKey
    }

    package var rowCount: Int { keys.count }

    // MARK: Building

    /// Begins or finds the row of a key (nil: the next one) and returns its position.
    mutating func row(for key: Int?) -> Int {
        let key = key ?? (greatestKey + 1)
        if keys.isEmpty || key > greatestKey {
            greatestKey = key
            keys.append(key)
            positions?[key] = keys.count - 1
            return keys.count - 1
        }
        if positions == nil { positions = Dictionary(uniqueKeysWithValues: zip(keys, keys.indices)) }
        if let position = positions?[key] { return position }
        isInOrder = false
        keys.append(key)
        positions?[key] = keys.count - 1
        return keys.count - 1
    }

    /// The index of a column, found first at `guess`, which is where it stands when rows look alike.
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

    private mutating func hold(_ cells: Int) {
        cellCount += cells
        if cellCount > Self.limit.most { isCut = true }
    }

    /// The index of a column; nil when there is none of that name.
    package func column(named name: String) -> Int? { columnIndex[Array(name.utf8)] }

    /// Sets a cell; a missing value leaves what is there.
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

    /// The key of the row at a position.
    func key(row: Int) -> Int { keys[row] }

    /// The positions of the rows in the order of their keys.
    var orderedPositions: [Int]? {
        isInOrder ? nil : keys.indices.sorted { keys[$0] < keys[$1] }
    }

    func cell(row: Int, column: Int) -> Cell {
        let cells = columns[column].cells
        return row < cells.count ? cells[row] : .missing
    }

    /// The JSON text of a cell: a number, `"NaN"`, `"Inf"`, `"-Inf"` or `null`.
    package func json(_ cell: Cell) -> UnsafeRawBufferPointer { cell.json(in: origin) }

    /// A column's last value that is neither missing nor NaN, as tfruns' reader takes it.
    package func lastValue(column: Int) -> JSONNumber? {
        let cells = columns[column].cells
        let positions = orderedPositions ?? Array(cells.indices)
        for position in positions.reversed() where position < cells.count {
            let cell = cells[position]
            if cell.isMissing || cell == .nan { continue }
            return cell.number(in: origin)
        }
        return nil
    }

    /// How many values of a column are present.
    package func presentCount(column: Int) -> Int { columns[column].cells.count { !$0.isMissing } }

    /// What a listing tells of the frame; nil where it has no column.
    package var digest: MetricsDigest? { tail.digest }

    /// What is needed to go on with further rows.
    package var tail: MetricsTail {
        MetricsTail(
            columns: columns.map { column in
                var last: (key: Int, cell: Cell)?
                var top: Int?
                for (position, cell) in column.cells.enumerated() where !cell.isMissing {
                    let key = keys[position]
                    if key >= top ?? key { top = key }
                    if cell != .nan, key >= last?.key ?? key { last = (key, cell) }
                }
                return MetricsTail.Column(
                    name: column.name, value: last.flatMap { $0.cell.number(in: origin) }, valueKey: last?.key,
                    topKey: top)
            }, greatestKey: keys.isEmpty ? nil : greatestKey,
            completed: columns.indices.last.map { presentCount(column: $0) } ?? 0)
    }

    /// The number of rows up to the last one that has a value: rows after it are epochs to come.
    var filledRowCount: Int {
        columns.map { $0.cells.lastIndex { !$0.isMissing }.map { $0 + 1 } ?? 0 }.max() ?? 0
    }
}

extension MetricsFrame {
    /// One value: nothing, not a number, or the place of a number in the frame's text.
    package struct Cell: Equatable {
        // 0 to 3 name the values without a place; else the place times 2^20 plus the length.
        private let packed: UInt64

        package static let missing = Cell(packed: 0)
        package static let nan = Cell(packed: 1)
        package static let infinity = Cell(packed: 2)
        package static let negativeInfinity = Cell(packed: 3)

        private init(packed: UInt64) { self.packed = packed }

        /// Characters that a number may have.
        package static let longestNumber = 1000

        /// A number's place. Nil for a number that is too long, or at the very start of the text, where none can be.
        init?(offset: Int, length: Int) {
            guard offset > 0, length <= Self.longestNumber else { return nil }
            packed = UInt64(offset) << 20 | UInt64(length)
        }

        package var isMissing: Bool { packed == 0 }

        private var place: Range<Int> {
            let offset = Int(packed >> 20)
            return offset..<offset + Int(packed & 0xFFFFF)
        }

        func json(in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
            let literal: StaticString
            switch packed {
            case 0: literal = "null"
            case 1: literal = "\"NaN\""
            case 2: literal = "\"Inf\""
            case 3: literal = "\"-Inf\""
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

        /// The cell of a metric's token in a text; nil where the token is no metric.
        init?(token: Int, of tokens: JSONTokens, in text: UnsafeRawBufferPointer) {
            switch tokens.kind(at: token) {
            case .number:
                let number = tokens.text(at: token)
                self.init(offset: number.baseAddress! - text.baseAddress!, length: number.count)
            case .null: self = .missing
            case .string, .nonFinite:
                switch String(decoding: tokens.text(at: token), as: UTF8.self) {
                case "NA": self = .missing
                case "NaN": self = .nan
                case "Inf", "Infinity": self = .infinity
                case "-Inf", "-Infinity": self = .negativeInfinity
                default: return nil
                }
            default: return nil
            }
        }
    }
}
