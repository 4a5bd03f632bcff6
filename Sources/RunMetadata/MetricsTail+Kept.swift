internal import JSON

extension MetricsTail {
    /// Appends the tail as it is kept: greatest key, count, then of each column name, value, its key and the greatest key.
    package func append(to bytes: inout [UInt8]) {
        KeptFields.append(greatestKey, to: &bytes)
        KeptFields.append(completed, to: &bytes)
        for column in columns {
            KeptFields.append(column.name, to: &bytes)
            KeptFields.append(column.value?.text, to: &bytes)
            KeptFields.append(column.valueKey, to: &bytes)
            KeptFields.append(column.topKey, to: &bytes)
        }
    }

    /// Reads what was kept; nil where it is none.
    package init?(_ bytes: ArraySlice<UInt8>) {
        var fields = KeptFields(bytes)
        guard let greatestKey = fields.number(), let kept = fields.number(), let completed = kept else { return nil }
        var columns: [Column] = []
        while !fields.isAtEnd {
            guard let keptName = fields.text(), let name = keptName, let value = fields.text(),
                let valueKey = fields.number(), let topKey = fields.number()
            else { return nil }
            columns.append(
                Column(name: name, value: value.flatMap { JSONNumber($0) }, valueKey: valueKey, topKey: topKey))
        }
        self.init(columns: columns, greatestKey: greatestKey, completed: completed)
    }
}

/// Numbers and texts one behind the other, each of which may be missing: a byte that says whether it is there, the number, or
/// the text's length, in 8 bytes, little end first, and the text's bytes.
private struct KeptFields {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { bytes.isEmpty }

    static func append(_ number: Int?, to bytes: inout [UInt8]) {
        bytes.append(number == nil ? 0 : 1)
        if let number { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
    }

    static func append(_ text: String?, to bytes: inout [UInt8]) {
        append(text?.utf8.count, to: &bytes)
        if let text { bytes.append(contentsOf: text.utf8) }
    }

    /// The next number; nil inside where it is missing, nil where there is none.
    mutating func number() -> Int?? {
        guard let mark = bytes.popFirst(), mark <= 1 else { return nil }
        if mark == 0 { return .some(nil) }
        guard bytes.count >= 8 else { return nil }
        defer { bytes = bytes.dropFirst(8) }
        return .some(bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) })
    }

    /// The next text, likewise.
    mutating func text() -> String?? {
        guard let found = number() else { return nil }
        guard let count = found else { return .some(nil) }
        guard count >= 0, count <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return .some(String(decoding: bytes.prefix(count), as: UTF8.self))
    }
}
