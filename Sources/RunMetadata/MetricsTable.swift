internal import Glibc
internal import JSON

/// A run's metrics as numbers: what is reduced to points, and where in the rows' text which row stands.
///
/// The same frame as `MetricsFrame` makes of the same text, by the same rules, but of Doubles: 8 bytes a value and the text
/// not needed any more. It grows by the rows that are appended.
package final class MetricsTable: @unchecked Sendable {
    // Sendable: whoever shares one guards it by a lock.

    /// One metric.
    package final class Column {
        package let name: String
        let nameBytes: [UInt8]
        /// The name as rows have it: in quotes, with a colon.
        let member: [UInt8]
        /// Whether it holds the rows' key.
        package let isKey: Bool
        /// By position of arrival; shorter than the table where the last rows have no such metric.
        private(set) var values: UnsafeMutablePointer<Double>
        private(set) var count = 0
        private(set) var capacity: Int

        init(name: UnsafeRawBufferPointer, capacity: Int) {
            nameBytes = Array(name)
            self.name = String(decoding: name, as: UTF8.self)
            var member: [UInt8] = []
            JSONWriter.append(stringUTF8: name, to: &member)
            self.member = member + [UInt8(ascii: ":")]
            isKey = MetricsRows.isKey(name)
            self.capacity = max(capacity, 16)
            values = .allocate(capacity: self.capacity)
        }

        deinit { values.deallocate() }

        @inline(__always)
        func set(_ value: Double, row: Int) {
            if row < count {
                values[row] = value
                return
            }
            if row >= capacity { grow(to: row + 1) }
            while count < row {
                values[count] = MetricsTable.missing
                count += 1
            }
            values[row] = value
            count += 1
        }

        /// The value of a row.
        func value(row: Int) -> Double { row < count ? values[row] : MetricsTable.missing }

        private func grow(to needed: Int) {
            capacity = max(capacity + capacity / 2, needed)
            let grown = UnsafeMutablePointer<Double>.allocate(capacity: capacity)
            grown.update(from: values, count: count)
            values.deallocate()
            values = grown
        }
    }

    /// Where rows begin in the text, each `Chunk.rows` rows.
    package struct Chunk: Sendable {
        package static let rows = 4096
        package let offset: Int
        /// The greatest key before.
        package let greatestKey: Int
    }

    /// No value: the NaN that R takes for NA. A NaN that was sent has other bits.
    static var missing: Double { Double(bitPattern: 0x7FF8_0000_0000_07A2) }

    @inline(__always)
    static func isMissing(_ value: Double) -> Bool { value.bitPattern == missing.bitPattern }

    package private(set) var columns: [Column] = []
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

    /// The row that is being read.
    private var rowColumns: [Int] = []
    private var rowValues: [Double] = []
    private let parser = JSONParser()
    private let expectedRows: Int

    /// An empty table.
    /// - Parameter expectedRows: how many rows are about to come, so that memory is asked for once
    package init(expectedRows: Int = 0) {
        self.expectedRows = expectedRows
        keys.reserveCapacity(expectedRows)
    }

    package var rowCount: Int { keys.count }

    /// Bytes of memory, about.
    package var size: Int { columns.reduce(keys.capacity * 8) { $0 + $1.capacity * 8 } + (positions?.count ?? 0) * 48 }

    /// Takes the next part of the text. What is behind its last newline is still being written, or comes with the next
    /// part.
    /// - Returns: how much of it was taken
    package func append(_ text: UnsafeRawBufferPointer) -> Int {
        guard let base = text.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        var line = base
        let end = base + text.count
        while line < end, let newline = find(UInt8(ascii: "\n"), line, end) {
            read(line, newline, at: covered + (line - base))
            line = newline + 1
        }
        covered += line - base
        return line - base
    }

    // MARK: Reading rows

    private func read(_ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, at offset: Int) {
        rowColumns.removeAll(keepingCapacity: true)
        rowValues.removeAll(keepingCapacity: true)
        var key: Int?
        guard readPlain(line, newline, &key) || readAny(line, newline, &key) else { return }
        let before = (keys.count, greatestKey)
        let row = row(for: key)
        if keys.count > before.0, before.0 % Chunk.rows == 0 {
            chunks.append(Chunk(offset: offset, greatestKey: before.1))
        }
        for index in rowColumns.indices where !Self.isMissing(rowValues[index]) {
            columns[rowColumns[index]].set(rowValues[index], row: row)
        }
    }

    /// Reads a row in the form in which all of Rundir's are, without escapes.
    @inline(__always)
    private func readPlain(
        _ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, _ key: inout Int?
    ) -> Bool {
        guard line.pointee == UInt8(ascii: "{"), newline - line > 2 else { return false }
        var at = line + 1
        var guess = 0
        var hasStep = false
        while true {
            guard let column = column(at: &at, newline, guess: guess) else { return false }
            guess = column + 1
            var value = Self.missing
            if at.pointee == UInt8(ascii: "n") {
                guard newline - at > 4, memcmp(at, "null", 4) == 0 else { return false }
                at += 4
            } else if at.pointee == UInt8(ascii: "\"") {
                guard let named = named(&at, newline) else { return false }
                value = named
            } else {
                guard let number = MetricsNumberText.scan(at) else { return false }
                value = number.value
                at = number.end
                if columns[column].isKey {
                    guard let whole = number.whole else { return false }
                    let isStep = columns[column].nameBytes.count == 4
                    if isStep || !hasStep { key = whole }
                    hasStep = hasStep || isStep
                }
            }
            rowColumns.append(column)
            rowValues.append(value)
            if at.pointee == UInt8(ascii: ",") {
                at += 1
            } else {
                return at.pointee == UInt8(ascii: "}") && at + 1 == newline
            }
        }
    }

    /// The column whose name and colon stand at a place, found first at `guess`.
    @inline(__always)
    private func column(
        at place: inout UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, guess: Int
    ) -> Int? {
        if guess < columns.count {
            let member = columns[guess].member
            let isIt =
                newline - place > member.count
                && member.withUnsafeBufferPointer { memcmp(place, $0.baseAddress!, $0.count) == 0 }
            if isIt {
                place += member.count
                return guess
            }
        }
        guard place.pointee == UInt8(ascii: "\""), let quote = find(UInt8(ascii: "\""), place + 1, newline),
            quote[1] == UInt8(ascii: ":"), find(UInt8(ascii: "\\"), place, quote) == nil
        else { return nil }
        let column = column(named: UnsafeRawBufferPointer(start: place + 1, count: quote - place - 1))
        place = quote + 2
        return column
    }

    private func named(_ place: inout UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>) -> Double? {
        guard let quote = find(UInt8(ascii: "\""), place + 1, newline) else { return nil }
        defer { place = quote + 1 }
        return Self.named(UnsafeRawBufferPointer(start: place + 1, count: quote - place - 1))
    }

    private static func named(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= 9 else { return nil }
        return switch String(decoding: text, as: UTF8.self) {
        case "NA": missing
        case "NaN": .nan
        case "Inf", "Infinity": .infinity
        case "-Inf", "-Infinity": -.infinity
        default: nil
        }
    }

    /// Reads any row that `MetricsFrame` reads.
    private func readAny(_ line: UnsafePointer<UInt8>, _ newline: UnsafePointer<UInt8>, _ key: inout Int?) -> Bool {
        rowColumns.removeAll(keepingCapacity: true)
        rowValues.removeAll(keepingCapacity: true)
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
                guard tokens.text(at: value).count <= MetricsFrame.Cell.longestNumber else { break }
                rowColumns.append(column)
                // The line's newline ends it, at the latest.
                rowValues.append(
                    MetricsNumberText.scan(tokens.text(at: value).bindMemory(to: UInt8.self).baseAddress!)!.value)
            case .string, .nonFinite:
                if let named = Self.named(tokens.text(at: value)) {
                    rowColumns.append(column)
                    rowValues.append(named)
                }
            default: break
            }
            token = tokens.next(after: value)
        }
        return true
    }

    // MARK: The frame's rules

    private func column(named name: UnsafeRawBufferPointer) -> Int {
        let bytes = Array(name)
        if let index = columnIndex[bytes] { return index }
        columns.append(Column(name: name, capacity: expectedRows))
        columnIndex[bytes] = columns.count - 1
        return columns.count - 1
    }

    /// Begins or finds the row of a key, as `MetricsFrame` does.
    private func row(for key: Int?) -> Int {
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

/// memchr(3).
@inline(__always)
private func find(_ byte: UInt8, _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UnsafePointer<UInt8>? {
    guard let found = memchr(start, Int32(byte), end - start) else { return nil }
    return start + (UnsafeRawPointer(found) - UnsafeRawPointer(start))
}
