package import JSON

/// The end of a run's metrics: enough to bring its digest up to date with rows that come behind, without those before.
///
/// Rows that come in the order of their keys cost nothing that grows with the run. Of those that do not (a job that runs
/// steps again), it cannot always be known whether they fill a gap or take the place of a value; then the frame has to tell.
package struct MetricsTail: Sendable, Equatable {
    /// The end of one column.
    package struct Column: Sendable, Equatable {
        let name: String
        fileprivate let nameBytes: [UInt8]
        /// The last value that is neither missing nor NaN, and its row's key.
        var value: JSONNumber?
        var valueKey: Int?
        /// The greatest key with a value.
        var topKey: Int?

        init(name: String, value: JSONNumber? = nil, valueKey: Int? = nil, topKey: Int? = nil) {
            (self.name, nameBytes, self.value) = (name, Array(name.utf8), value)
            (self.valueKey, self.topKey) = (valueKey, topKey)
        }
    }

    private(set) var columns: [Column]
    private var greatestKey: Int?
    /// How many values the last column has.
    private var completed: Int

    init(columns: [Column] = [], greatestKey: Int? = nil, completed: Int = 0) {
        (self.columns, self.greatestKey, self.completed) = (columns, greatestKey, completed)
    }

    /// The tail of no rows.
    package init() { self.init(columns: []) }

    /// The digest; nil where there is no column.
    package var digest: MetricsDigest? {
        if columns.isEmpty { return nil }
        let values = columns.filter { $0.name != MetricsKey.epoch && $0.name != MetricsKey.step }.compactMap { column in
            column.value.map { (name: column.name, value: $0) }
        }
        return MetricsDigest(values: values, completed: completed)
    }

    /// Reads rows that follow, whole lines.
    /// - Returns: false where only the frame of all rows can tell the digest; the tail is of no use then
    package mutating func read(_ text: UnsafeRawBufferPointer, parser: JSONParser) -> Bool {
        // Only the last value of each column is made a number.
        var last = [MetricsFrame.Cell](repeating: .missing, count: columns.count)
        defer {
            for (column, cell) in last.enumerated() where !cell.isMissing {
                columns[column].value = cell.number(in: text)
            }
        }
        var start = 0
        while start < text.count, let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = UnsafeRawBufferPointer(rebasing: text[start..<end])
            start = end + 1
            guard let tokens = try? parser.parse(line, nonFinite: .allowed), tokens.kind(at: 0) == .objectBegin else {
                continue
            }
            guard read(rowOf: tokens, in: text, &last) else { return false }
        }
        return true
    }

    private mutating func read(
        rowOf tokens: JSONTokens, in text: UnsafeRawBufferPointer, _ last: inout [MetricsFrame.Cell]
    ) -> Bool {
        let key = MetricsFrame.key(ofRowAt: 0, of: tokens) ?? (greatestKey ?? -1) + 1
        greatestKey = max(greatestKey ?? key, key)
        var token = 1
        var guess = 0
        while tokens.kind(at: token) == .name {
            let index = column(named: tokens.text(at: token), guess: guess)
            guess = index + 1
            if index == last.count { last.append(.missing) }
            if let cell = MetricsFrame.Cell(token: token + 1, of: tokens, in: text), !cell.isMissing,
                !set(cell, key: key, column: index, &last)
            {
                return false
            }
            token = tokens.next(after: token + 1)
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

    /// The place of a column, found first at `guess`; a new one is the last.
    private mutating func column(named name: UnsafeRawBufferPointer, guess: Int) -> Int {
        if guess < columns.count, columns[guess].nameBytes.elementsEqual(name) { return guess }
        if let index = columns.firstIndex(where: { $0.nameBytes.elementsEqual(name) }) { return index }
        columns.append(Column(name: String(decoding: name, as: UTF8.self)))
        completed = 0
        return columns.count - 1
    }
}

// MARK: - Kept

extension MetricsTail {
    /// The tail as JSON, to be kept: `[greatest key, count, [name, value, its key, greatest key], …]`.
    package var json: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map { .number(JSONNumber($0)) } ?? .null }
        return .array(
            [number(greatestKey), number(completed)]
                + columns.map { column in
                    .array([
                        .string(column.name), column.value.map { .string($0.text) } ?? .null, number(column.valueKey),
                        number(column.topKey),
                    ])
                })
    }

    /// Reads what was kept; nil where it is none.
    package init?(_ json: JSONValue) {
        guard let parts = json.array, parts.count >= 2, let completed = parts[1].number?.int else { return nil }
        var columns: [Column] = []
        for part in parts[2...] {
            guard let fields = part.array, fields.count == 4, let name = fields[0].string else { return nil }
            columns.append(
                Column(
                    name: name, value: fields[1].string.flatMap { JSONNumber($0) }, valueKey: fields[2].number?.int,
                    topKey: fields[3].number?.int))
        }
        self.init(columns: columns, greatestKey: parts[0].number?.int, completed: completed)
    }
}
