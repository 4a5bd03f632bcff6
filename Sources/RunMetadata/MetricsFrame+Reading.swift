package import JSON
internal import Limits

extension MetricsFrame {
    /// Reads rows, one JSON object a line, as `metrics.ndjson` holds them. A last line without a newline is still being
    /// written and is left out; so is a line that is no row, which nothing of Rundir writes.
    /// - Parameter greatestKey: the greatest key of the rows before, where the text is a part
    package init(rows text: UnsafeRawBufferPointer, greatestKey: Int = -1, parser: JSONParser = JSONParser()) {
        self.init(text: text, greatestKey: greatestKey)
        var start = 0
        while start < text.count, !isCut, let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = UnsafeRawBufferPointer(rebasing: text[start..<end])
            if let tokens = try? parser.parse(line, nonFinite: .allowed), tokens.kind(at: 0) == .objectBegin {
                add(rowAt: 0, of: tokens, in: text)
            }
            start = end + 1
        }
    }

    /// Reads a frame by column, as `metrics.json` holds it and as it is sent whole: `{"loss": [0.42, null], …}`.
    /// - Parameter object: the index of the object's begin
    /// - Throws: a fault of shape: columns that differ in length, a value that is no metric, no column, no row
    package init(
        columnsAt object: Int, of tokens: JSONTokens, in text: UnsafeRawBufferPointer
    ) throws(MetadataFault) {
        self.init(text: text)
        let names = try Self.columnTokens(object, tokens)
        let rows = tokens.memberCount(at: names[0] + 1)
        var cursors = names.map { $0 + 2 }
        let columns = names.map { column(named: tokens.text(at: $0), guess: self.columns.count) }
        let keyColumns = ["step", "epoch"].compactMap { key in
            names.first { tokens.string(at: $0) == key }.flatMap { names.firstIndex(of: $0) }
        }
        for row in 0..<rows {
            var key: Int?
            for column in keyColumns {
                let found = try Self.key(cursors[column], tokens, names[column], row)
                key = key ?? found
            }
            let position = self.row(for: key)
            for (index, column) in columns.enumerated() {
                guard let cell = Cell(token: cursors[index], of: tokens, in: text) else {
                    throw Self.noMetric(cursors[index], tokens, names[index], row)
                }
                set(cell, row: position, column: column)
                cursors[index] = tokens.next(after: cursors[index])
            }
        }
    }

    /// The key of the row that an object token holds.
    static func key(ofRowAt object: Int, of tokens: JSONTokens) -> Int? {
        var key: Int?
        var token = object + 1
        while tokens.kind(at: token) == .name {
            if tokens.kind(at: token + 1) == .number {
                if tokens.text(at: token, is: "step") {
                    key = MetricsKey.value(tokens.text(at: token + 1))
                    break
                }
                if tokens.text(at: token, is: "epoch") { key = MetricsKey.value(tokens.text(at: token + 1)) }
            }
            token = tokens.next(after: token + 1)
        }
        return key
    }

    /// Adds the row that an object token holds.
    private mutating func add(rowAt object: Int, of tokens: JSONTokens, in text: UnsafeRawBufferPointer) {
        let key = Self.key(ofRowAt: object, of: tokens)
        let row = row(for: key)
        var token = object + 1
        var guess = 0
        while tokens.kind(at: token) == .name {
            let column = column(named: tokens.text(at: token), guess: guess)
            if let cell = Cell(token: token + 1, of: tokens, in: text) { set(cell, row: row, column: column) }
            guess = column + 1
            token = tokens.next(after: token + 1)
        }
    }

    /// The name tokens of an object whose members are arrays of one length, at least 1.
    private static func columnTokens(_ object: Int, _ tokens: JSONTokens) throws(MetadataFault) -> [Int] {
        var names: [Int] = []
        var token = object + 1
        while tokens.kind(at: token) == .name {
            let name = tokens.string(at: token)
            guard tokens.kind(at: token + 1) == .arrayBegin else {
                throw .shape(
                    JSONPointer().appending(name),
                    "metrics: \"\(name)\" is no array, but other columns are; "
                        + "send a whole frame as arrays, or one row as single numbers")
            }
            if name.isEmpty { throw .shape(JSONPointer(), "metrics: a column has the empty name; give it one") }
            names.append(token)
            token = tokens.next(after: token + 1)
        }
        guard let first = names.first else { throw .shape(JSONPointer(), "metrics: the frame has no column") }
        let rows = tokens.memberCount(at: first + 1)
        for other in names where tokens.memberCount(at: other + 1) != rows {
            let (name, firstName) = (tokens.string(at: other), tokens.string(at: first))
            throw .shape(
                JSONPointer().appending(name),
                "metrics: column \"\(name)\" has \(tokens.memberCount(at: other + 1)) values, "
                    + "but column \"\(firstName)\" has \(rows); fill epochs not run yet with null")
        }
        if rows == 0 {
            throw .shape(
                JSONPointer().appending(tokens.string(at: first)),
                "metrics: the frame has no row; send it once there is one, or with null for epochs to come")
        }
        return names
    }

    private static func key(
        _ token: Int, _ tokens: JSONTokens, _ name: Int, _ row: Int
    ) throws(MetadataFault) -> Int? {
        switch tokens.kind(at: token) {
        case .null: return nil
        case .string where tokens.text(at: token, is: "NA"): return nil
        case .number:
            if let key = MetricsKey.value(tokens.text(at: token)) { return key }
            fallthrough
        default:
            let column = tokens.string(at: name)
            let text = String(decoding: tokens.source(at: token), as: UTF8.self).shown(atMost: 100)
            throw .shape(
                JSONPointer().appending(column).appending(row),
                "metrics: \"\(column)\" of row \(row) is \(text); it has to be a whole number")
        }
    }

    private static func noMetric(_ token: Int, _ tokens: JSONTokens, _ name: Int, _ row: Int) -> MetadataFault {
        let column = tokens.string(at: name)
        let text = String(decoding: tokens.source(at: token), as: UTF8.self).shown(atMost: 100)
        return .shape(
            JSONPointer().appending(column).appending(row),
            "metrics: \"\(column)\" of row \(row) is \(text); a metric is a number, null or NaN")
    }
}
