internal import Glibc
package import JSON

/// A run's metrics as numbers, to be reduced to points, with an index of where rows are in their text.
///
/// The same frame that `MetricsFrame` makes from the same text, by the same rules, but with Doubles: 8 bytes a value,
/// and the text is not needed afterwards. It grows as rows are appended.
package final class MetricsTable: @unchecked Sendable {
    // Sendable: a shared table is guarded by its owner's lock.

    /// One metric.
    package struct Column {
        package let name: String
        let nameBytes: [UInt8]
        package let role: MetricsColumnRole
        let storage: UnsafeMutablePointer<MetricsColumnStorage>

        /// The value of a row.
        func value(row: Int) -> Double {
            row < storage.pointee.count ? storage.pointee.values[row] : MetricsTable.missing
        }
    }

    /// The beginning of a part of the text. Parts have limited rows and bytes.
    package struct Chunk: Sendable {
        package static let rows = 4096
        package static let bytes = 1 << 20
        package let offset: Int
        /// The state before it.
        package let start: MetricsRowOrder.Start
    }

    /// The number of columns that are expected to have a value in each row; and a column's bytes in addition to its
    /// values and name.
    private static let fullColumns = 16
    private static let columnOverhead = 400

    /// No value: R's NaN for NA. A NaN that was sent has other bits.
    static var missing: Double { Double(bitPattern: 0x7FF8_0000_0000_07A2) }

    @inline(__always)
    static func isMissing(_ value: Double) -> Bool { value.bitPattern == missing.bitPattern }

    package private(set) var columns: [Column] = []
    private(set) var columnCount = 0
    private var columnIndex: [[UInt8]: Int] = [:]
    package private(set) var order: MetricsRowOrder
    package private(set) var chunks: [Chunk] = []
    /// The bytes of the text that have been read into the table.
    package private(set) var covered = 0

    /// The columns' values, in the same order. Pointers, since they are accessed for each value that is read.
    private var storages = UnsafeMutablePointer<UnsafeMutablePointer<MetricsColumnStorage>>.allocate(capacity: 16)
    private var storageCapacity = 16
    /// The row that is being read: columns and values.
    private var row = UnsafeMutablePointer<(column: Int, value: Double)>.allocate(capacity: 64)
    private var rowCapacity = 64
    private var rowLength = 0
    private let parser = JSONParser()
    private let expectedRows: Int
    private let limit: Int
    /// The columns whose values are read in addition to the axes; nil: all.
    package let only: Set<ExactText>?
    /// Bytes that the columns hold.
    private var held = 0
    /// Whether the text has more than the table may hold; if so, the table must not be used.
    package private(set) var isOverLimit = false

    /// An empty table.
    /// - Parameters:
    ///   - expectedRows: about how many rows will come, so that memory is allocated once
    ///   - limit: the most bytes that it may hold
    ///   - only: the columns whose values are read in addition to the axes; nil: all. The others exist, without values
    package init(expectedRows: Int = 0, limit: Int = .max, only: Set<ExactText>? = nil) {
        self.expectedRows = expectedRows
        self.limit = limit
        self.only = only
        order = MetricsRowOrder(expectedRows: expectedRows)
    }

    deinit {
        for column in columns {
            column.storage.pointee.free()
            column.storage.deallocate()
        }
        storages.deallocate()
        row.deallocate()
    }

    package var rowCount: Int { order.count }

    /// Whether the table has exactly the rows of the text, in order, with none merged.
    package var isPlain: Bool { !order.hasMerged && order.isInOrder }

    /// About how much memory it takes, bytes.
    package var size: Int {
        held + order.size + chunks.capacity * MemoryLayout<Chunk>.stride
    }

    /// Takes the next part of the text, up to its last newline. The rest is still being written, or is in the next
    /// part.
    /// - Returns: the number of bytes that were taken
    package func append(_ text: UnsafeRawBufferPointer) -> Int {
        let start = covered
        let count = MetricsLine.readAll(text, parser, into: self) { key, offset in
            add(key, at: start + offset)
            return !isOverLimit
        }
        covered += count
        return count
    }

    // MARK: Reading rows

    @inline(__always)
    private func add(_ key: MetricsRowKey, at offset: Int) {
        let count = order.count
        let isFull = isChunkFull(offset)
        let before = isFull ? order.end : MetricsRowOrder.Start()
        let position = order.position(of: key)
        if isFull, order.count > count { chunks.append(Chunk(offset: offset, start: before)) }
        for index in 0..<rowLength where !Self.isMissing(row[index].value) {
            let storage = storages[row[index].column]
            if position >= storage.pointee.capacity, !hold(storage.pointee.growth(to: position + 1)) { return }
            storage.pointee.set(row[index].value, row: position)
        }
    }

    private func isChunkFull(_ offset: Int) -> Bool {
        guard let last = chunks.last else { return true }
        return order.count >= last.start.rows + Chunk.rows || offset - last.offset >= Chunk.bytes
    }

    /// Counts bytes that are about to be held.
    /// - Returns: false if they exceed the limit
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

    // MARK: Columns

    func column(named name: UnsafeRawBufferPointer) -> Int {
        let bytes = Array(name)
        if let index = columnIndex[bytes] { return index }
        let storage = UnsafeMutablePointer<MetricsColumnStorage>.allocate(capacity: 1)
        let role = MetricsColumnRole(name)
        let isRead = role.isKey || only?.contains(ExactText(String(decoding: bytes, as: UTF8.self))) ?? true
        // If there are very many columns, each row has values in only a few.
        storage.initialize(
            to: MetricsColumnStorage(
                name: name, isRead: isRead, capacity: isRead && columnCount < Self.fullColumns ? expectedRows : 0))
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
                name: String(decoding: bytes, as: UTF8.self), nameBytes: bytes, role: role,
                storage: storage))
        columnIndex[bytes] = columns.count - 1
        return columns.count - 1
    }

    /// The index of a column; nil if no column has that name.
    package func column(named name: String) -> Int? { columnIndex[Array(name.utf8)] }

    /// The columns that are shown unless some are named: all but Rundir's own.
    package var shownColumns: [Int] { columns.indices.filter { !columns[$0].role.isHidden } }
}

extension MetricsTable: MetricsRowColumns {
    @inline(__always)
    func member(of column: Int, at place: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Int? {
        let length = storages[column].pointee.memberLength
        return newline - place > length && memcmp(place, storages[column].pointee.member, length) == 0 ? length : nil
    }

    @inline(__always)
    func role(of column: Int) -> MetricsColumnRole { storages[column].pointee.role }

    @inline(__always)
    func forgetRow(columns count: Int) {
        rowLength = 0
        while columnCount > count {
            columnCount -= 1
            columnIndex[columns.removeLast().nameBytes] = nil
            storages[columnCount].pointee.free()
            storages[columnCount].deallocate()
        }
    }

    @inline(__always)
    func add(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {
        if !storages[column].pointee.isRead { return }
        // A number that is too long for a cell counts as missing, as in a frame.
        if end - start > MetricsFrame.Cell.longestNumber { return }
        add(MetricsNumberText.value(start, end), to: column)
    }

    @inline(__always)
    func add(_ value: Double, to column: Int) {
        if !storages[column].pointee.isRead { return }
        if rowLength == rowCapacity { growRow() }
        row[rowLength] = (column, value)
        rowLength += 1
    }

    /// A value from another program that is not a metric counts as missing.
    func add(other start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, to column: Int) {}
}
