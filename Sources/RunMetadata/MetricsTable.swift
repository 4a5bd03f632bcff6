internal import Glibc
internal import JSON

/// A run's metrics as numbers: what is reduced to points, and where in the rows' text which row stands.
///
/// The same frame as `MetricsFrame` makes of the same text, by the same rules, but of Doubles: 8 bytes a value and the text
/// not needed any more. It grows by the rows that are appended.
package final class MetricsTable: @unchecked Sendable {
    // Sendable: whoever shares one guards it by a lock.

    /// One metric.
    package struct Column {
        package let name: String
        let nameBytes: [UInt8]
        /// Whether it holds the rows' key.
        package let isKey: Bool
        let storage: UnsafeMutablePointer<MetricsColumnStorage>

        /// The value of a row.
        func value(row: Int) -> Double {
            row < storage.pointee.count ? storage.pointee.values[row] : MetricsTable.missing
        }
    }

    /// Where rows begin in the text: a part of it that has at most so many rows, and few more bytes than that.
    package struct Chunk: Sendable {
        package static let rows = 4096
        package static let bytes = 1 << 20
        package let offset: Int
        /// How many rows are before.
        package let row: Int
        /// The greatest key before.
        package let greatestKey: Int
    }

    /// Columns that are expected to have a value in each row, and bytes that a column takes beside its values and name.
    private static let fullColumns = 16
    private static let columnOverhead = 400

    /// No value: the NaN that R takes for NA. A NaN that was sent has other bits.
    static var missing: Double { Double(bitPattern: 0x7FF8_0000_0000_07A2) }

    @inline(__always)
    static func isMissing(_ value: Double) -> Bool { value.bitPattern == missing.bitPattern }

    package private(set) var columns: [Column] = []
    private(set) var columnCount = 0
    private var columnIndex: [[UInt8]: Int] = [:]
    private(set) var keys: [Int] = []
    private var greatestKey = -1
    private var positions: [Int: Int]?
    private var isInOrder = true
    /// Whether each row of the text is one of the frame's, in order: no row was merged into another one.
    package private(set) var isPlain = true
    package private(set) var chunks: [Chunk] = []
    /// Bytes of the text that are in the table.
    package private(set) var covered = 0

    /// The columns' values, in the same order; a table of pointers, since this is looked at for each value that is read.
    private var storages = UnsafeMutablePointer<UnsafeMutablePointer<MetricsColumnStorage>>.allocate(capacity: 16)
    private var storageCapacity = 16
    /// The row that is being read: columns and values.
    private var row = UnsafeMutablePointer<(column: Int, value: Double)>.allocate(capacity: 64)
    private var rowCapacity = 64
    private var rowLength = 0
    private let parser = JSONParser()
    private let expectedRows: Int
    private let limit: Int
    /// Bytes of the columns.
    private var held = 0
    /// Whether there is more in the text than the table may hold; it is of no use then.
    package private(set) var isOverLimit = false

    /// An empty table.
    /// - Parameters:
    ///   - expectedRows: how many rows are about to come, so that memory is asked for once
    ///   - limit: bytes that it may hold
    package init(expectedRows: Int = 0, limit: Int = .max) {
        self.expectedRows = expectedRows
        self.limit = limit
        keys.reserveCapacity(expectedRows)
    }

    deinit {
        for column in columns {
            column.storage.pointee.free()
            column.storage.deallocate()
        }
        storages.deallocate()
        row.deallocate()
    }

    package var rowCount: Int { keys.count }

    /// Bytes of memory, about.
    package var size: Int {
        held + keys.capacity * 8 + chunks.capacity * MemoryLayout<Chunk>.stride + (positions?.capacity ?? 0) * 32
    }

    /// Takes the next part of the text. What is behind its last newline is still being written, or comes with the next
    /// part.
    /// - Returns: how much of it was taken
    package func append(_ text: UnsafeRawBufferPointer) -> Int {
        guard let base = text.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        var line = base
        let end = base + text.count
        while line < end, !isOverLimit, let newline = MetricsPlainRow.find(UInt8(ascii: "\n"), line, end) {
            read(line, newline, at: covered + (line - base))
            line = newline + 1
        }
        covered += line - base
        return line - base
    }

    // MARK: Reading rows

    private func read(_ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, at offset: Int) {
        rowLength = 0
        var key: Int?
        guard MetricsPlainRow.read(line, newline, &key, into: self) || readAny(line, newline, &key) else { return }
        let before = (keys.count, greatestKey)
        let position = position(of: key)
        if keys.count > before.0, isChunkFull(offset) {
            chunks.append(Chunk(offset: offset, row: before.0, greatestKey: before.1))
        }
        for index in 0..<rowLength where !Self.isMissing(row[index].value) {
            let storage = storages[row[index].column]
            if position >= storage.pointee.capacity, !hold(storage.pointee.growth(to: position + 1)) { return }
            storage.pointee.set(row[index].value, row: position)
        }
    }

    private func isChunkFull(_ offset: Int) -> Bool {
        guard let last = chunks.last else { return true }
        return keys.count > last.row + Chunk.rows || offset - last.offset >= Chunk.bytes
    }

    /// Counts bytes that are about to be held.
    /// - Returns: whether they may be
    private func hold(_ bytes: Int) -> Bool {
        held += bytes
        if held > limit { isOverLimit = true }
        return !isOverLimit
    }

    private func growRow() {
        let grown = UnsafeMutablePointer<(column: Int, value: Double)>.allocate(capacity: rowCapacity * 2)
        grown.update(from: row, count: rowLength)
        row.deallocate()
        row = grown
        rowCapacity *= 2
    }

    /// Reads any row that `MetricsFrame` reads.
    private func readAny(_ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, _ key: inout Int?) -> Bool {
        rowLength = 0
        key = nil
        let text = UnsafeRawBufferPointer(start: line, count: newline - line)
        guard let tokens = try? parser.parse(text, nonFinite: .allowed), tokens.kind(at: 0) == .objectBegin else {
            return false
        }
        var token = 1
        var isKeyFound = false
        while tokens.kind(at: token) == .name {
            let value = token + 1
            if !isKeyFound, tokens.kind(at: value) == .number {
                if tokens.text(at: token, is: "step") {
                    key = MetricsKey.value(tokens.text(at: value))
                    isKeyFound = true
                } else if tokens.text(at: token, is: "epoch") {
                    key = MetricsKey.value(tokens.text(at: value))
                }
            }
            let column = column(named: tokens.text(at: token))
            switch tokens.kind(at: value) {
            case .number:
                let number = tokens.text(at: value).bindMemory(to: UInt8.self)
                if let start = number.baseAddress { add(start, start + number.count, to: column) }
            case .string, .nonFinite:
                if let named = MetricsPlainRow.named(tokens.text(at: value)) { add(named, to: column) }
            default: break
            }
            token = tokens.next(after: value)
        }
        return true
    }

    // MARK: The frame's rules

    func column(named name: UnsafeRawBufferPointer) -> Int {
        let bytes = Array(name)
        if let index = columnIndex[bytes] { return index }
        let storage = UnsafeMutablePointer<MetricsColumnStorage>.allocate(capacity: 1)
        // Of very many columns few have a value in each row.
        storage.initialize(
            to: MetricsColumnStorage(name: name, capacity: columnCount < Self.fullColumns ? expectedRows : 0))
        _ = hold(storage.pointee.capacity * 8 + Self.columnOverhead + 4 * name.count)
        if columnCount == storageCapacity {
            let grown = UnsafeMutablePointer<UnsafeMutablePointer<MetricsColumnStorage>>.allocate(
                capacity: storageCapacity * 2)
            grown.update(from: storages, count: columnCount)
            storages.deallocate()
            storages = grown
            storageCapacity *= 2
        }
        (storages + columnCount).initialize(to: storage)
        columnCount += 1
        columns.append(
            Column(
                name: String(decoding: bytes, as: UTF8.self), nameBytes: bytes, isKey: storage.pointee.isKey,
                storage: storage))
        columnIndex[bytes] = columns.count - 1
        return columns.count - 1
    }

    /// The index of a column; nil when there is none of that name.
    package func column(named name: String) -> Int? { columnIndex[Array(name.utf8)] }

    /// Begins or finds the row of a key, as `MetricsFrame` does.
    private func position(of key: Int?) -> Int {
        let key = key ?? (greatestKey + 1)
        if keys.isEmpty || key > greatestKey {
            greatestKey = key
            keys.append(key)
            positions?[key] = keys.count - 1
            return keys.count - 1
        }
        isPlain = false
        if positions == nil { positions = Dictionary(uniqueKeysWithValues: zip(keys, keys.indices)) }
        if let position = positions?[key] { return position }
        isInOrder = false
        keys.append(key)
        positions?[key] = keys.count - 1
        return keys.count - 1
    }

    /// The positions of the rows in the order of their keys; nil where that is the order of arrival.
    var orderedPositions: [Int]? { isInOrder ? nil : keys.indices.sorted { keys[$0] < keys[$1] } }

    /// The first place in the order whose row has a greater key.
    func firstPlace(after key: Int, in order: [Int]?) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[order?[middle] ?? middle] > key { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension MetricsTable: MetricsRowColumns {
    @inline(__always)
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int? {
        let length = storages[column].pointee.memberLength
        return newline - place > length && memcmp(place, storages[column].pointee.member, length) == 0 ? length : nil
    }

    @inline(__always)
    func isKey(_ column: Int) -> Bool { storages[column].pointee.isKey }

    @inline(__always)
    func isStep(_ column: Int) -> Bool { storages[column].pointee.isStep }

    @inline(__always)
    func add(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {
        // One that is too long for a cell counts as missing, as in a frame.
        if end - start > MetricsFrame.Cell.longestNumber { return }
        add(MetricsNumberText.value(start, end), to: column)
    }

    @inline(__always)
    func add(_ value: Double, to column: Int) {
        if rowLength == rowCapacity { growRow() }
        row[rowLength] = (column, value)
        rowLength += 1
    }
}
