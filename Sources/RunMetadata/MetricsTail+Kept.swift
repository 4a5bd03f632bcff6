internal import JSON

extension MetricsTail {
    /// Appends the tail's stored form: the keys, the count, then each column's name, value, places and range.
    package func append(to bytes: inout [UInt8]) {
        KeptFields.append(Int(keys.axis.rawValue), to: &bytes)
        KeptFields.append(keys.step, to: &bytes)
        KeptFields.append(keys.epoch, to: &bytes)
        KeptFields.append(keys.rows, to: &bytes)
        KeptFields.append(latestEpoch, to: &bytes)
        KeptFields.append(completed, to: &bytes)
        for column in columns {
            KeptFields.append(column.name, to: &bytes)
            KeptFields.append(column.value?.text, to: &bytes)
            KeptFields.append(column.valuePlace, to: &bytes)
            KeptFields.append(column.topPlace, to: &bytes)
            KeptFields.append(column.isTopNumber ? 1 : 0, to: &bytes)
            KeptFields.append(column.rangeBefore, to: &bytes)
        }
    }

    /// Reads the stored form; nil if it is malformed.
    package init?(_ bytes: ArraySlice<UInt8>) {
        var fields = KeptFields(bytes)
        guard
            let axis = fields.number().flatMap({ $0 }).flatMap({
                MetricsRowKey.Kind(rawValue: UInt8(truncatingIfNeeded: $0))
            }),
            let step = fields.value(), let epoch = fields.value(), let rows = fields.number().flatMap({ $0 }),
            let latest = fields.place(), let completed = fields.number().flatMap({ $0 })
        else { return nil }
        self.init()
        (keys.axis, keys.step, keys.epoch, keys.rows) = (axis, step, epoch, rows)
        (latestEpoch, self.completed) = (latest, completed)
        while !fields.isAtEnd {
            guard let name = fields.text().flatMap({ $0 }), let value = fields.text(), let valuePlace = fields.place(),
                let topPlace = fields.place(), let isTopNumber = fields.number().flatMap({ $0 }),
                let range = fields.range()
            else { return nil }
            var column = Column(name: name)
            column.value = value.flatMap { JSONNumber($0) }
            (column.valuePlace, column.topPlace, column.isTopNumber) = (valuePlace, topPlace, isTopNumber != 0)
            column.rangeBefore = range
            columns.append(column)
        }
    }
}

/// A sequence of numbers and texts, any of which may be missing. Each is a byte that says whether the value exists,
/// then the number or the text's length in 8 bytes, little-endian, then the text's bytes.
private struct KeptFields {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { bytes.isEmpty }

    static func append(_ number: Int?, to bytes: inout [UInt8]) {
        bytes.append(number == nil ? 0 : 1)
        if let number { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
    }

    static func append(_ value: MetricsAxisValue?, to bytes: inout [UInt8]) {
        append(value?.whole, to: &bytes)
        if let value { append(Int(bitPattern: UInt(value.fraction.bitPattern)), to: &bytes) }
    }

    static func append(_ range: ClosedRange<Double>?, to bytes: inout [UInt8]) {
        append(range.map { Int(bitPattern: UInt($0.lowerBound.bitPattern)) }, to: &bytes)
        if let range { append(Int(bitPattern: UInt(range.upperBound.bitPattern)), to: &bytes) }
    }

    static func append(_ place: MetricsRowOrder.Place?, to bytes: inout [UInt8]) {
        append(place?.loose, to: &bytes)
        if let place { append(place.value, to: &bytes) }
    }

    static func append(_ text: String?, to bytes: inout [UInt8]) {
        append(text?.utf8.count, to: &bytes)
        if let text { bytes.append(contentsOf: text.utf8) }
    }

    /// The next number. Inner nil: stored as missing. Outer nil: malformed.
    mutating func number() -> Int?? {
        guard let mark = bytes.popFirst(), mark <= 1 else { return nil }
        if mark == 0 { return .some(nil) }
        guard bytes.count >= 8 else { return nil }
        defer { bytes = bytes.dropFirst(8) }
        return .some(bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) })
    }

    /// The next value on the axis, likewise.
    mutating func value() -> MetricsAxisValue?? {
        guard let found = number() else { return nil }
        guard let whole = found else { return .some(nil) }
        guard let kept = number(), let bits = kept else { return nil }
        let fraction = Double(bitPattern: UInt64(UInt(bitPattern: bits)))
        return fraction >= 0 && fraction < 1 ? MetricsAxisValue(whole: whole, fraction: fraction) : nil
    }

    /// The next range, likewise.
    mutating func range() -> ClosedRange<Double>?? {
        guard let found = number() else { return nil }
        guard let least = found else { return .some(nil) }
        guard let kept = number(), let greatest = kept else { return nil }
        let bounds = [least, greatest].map { Double(bitPattern: UInt64(UInt(bitPattern: $0))) }
        return bounds[0] <= bounds[1] ? bounds[0]...bounds[1] : nil
    }

    /// The next place, likewise.
    mutating func place() -> MetricsRowOrder.Place?? {
        guard let found = number() else { return nil }
        guard let loose = found else { return .some(nil) }
        guard let value = value() else { return nil }
        return MetricsRowOrder.Place(value: value, loose: loose)
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
