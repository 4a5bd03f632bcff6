package import JSON
package import Limits

/// Rows of metrics, checked, each one compact JSON object and a newline: what is appended to `metrics.ndjson`.
package struct MetricsRows: Sendable, Equatable {
    package private(set) var bytes: [UInt8] = []
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Appends the row that an object token holds.
    /// - Parameters:
    ///   - object: the index of the object's begin
    ///   - row: the row's number, for messages; nil where there is only one
    ///   - pointer: where the object stands in the body
    ///   - columns: how many metrics it may have
    /// - Throws: a fault of shape: no object, no member, a metric that is none, a step or epoch that is not whole
    package mutating func append(
        objectAt object: Int, of tokens: JSONTokens, row: Int? = nil, pointer: JSONPointer = JSONPointer(),
        columns: Limit? = nil
    ) throws(MetadataFault) {
        var place: String { row.map { "metrics row \($0)" } ?? "metrics" }
        guard tokens.kind(at: object) == .objectBegin else {
            throw .shape(pointer, "\(place): a row is an object of metrics, such as {\"epoch\": 0, \"loss\": 0.42}")
        }
        guard tokens.memberCount(at: object) > 0 else {
            throw .shape(pointer, "\(place): the row has no metric; send at least one, such as {\"loss\": 0.42}")
        }
        if let columns, tokens.memberCount(at: object) > columns.most {
            throw .excess(LimitExceeded(columns), place, pointer)
        }
        // How long the row is where it takes nothing but copying, which is the usual case.
        var length: Int? = 2
        var token = object + 1
        while tokens.kind(at: token) == .name {
            let value = try Self.check(memberAt: token, of: tokens, place, pointer)
            if let counted = length, tokens.isVerbatim(at: token), case .sent(let text) = value {
                length = counted + tokens.source(at: token).count + text.count + 2
            } else {
                length = nil
            }
            token += 2
        }
        if let length {
            appendVerbatim(objectAt: object, of: tokens, length: length)
        } else {
            appendRewritten(objectAt: object, of: tokens)
        }
        count += 1
    }

    /// Checks a metric.
    /// - Returns: its value
    private static func check(
        memberAt token: Int, of tokens: JSONTokens, _ place: @autoclosure () -> String, _ pointer: JSONPointer
    ) throws(MetadataFault) -> MetricText {
        let name = tokens.text(at: token)
        guard let value = MetricValue.text(of: token + 1, in: tokens) else {
            throw noMetric(token, tokens, place(), pointer)
        }
        if tokens.text(at: token + 1).count > MetricsFrame.Cell.longestNumber {
            throw .shape(
                pointer.appending(tokens.string(at: token)),
                "\(place()): \"\(tokens.string(at: token))\" has more than \(MetricsFrame.Cell.longestNumber) digits")
        }
        guard MetadataName.isAllowed(name, atMost: MetadataName.longestMetric) else {
            let pointer = name.isEmpty ? pointer : pointer.appending(tokens.string(at: token))
            throw MetadataName.fault(name, atMost: MetadataName.longestMetric, place(), pointer)
        }
        if isKey(name), !isWholeOrMissing(value) { throw noWholeNumber(token, tokens, place(), pointer) }
        return value
    }

    /// Appends a row whose names and numbers stand in the source as they are to be written.
    /// - Parameter length: its bytes: a bracket, members with a comma or the other bracket behind each, a newline
    private mutating func appendVerbatim(objectAt object: Int, of tokens: JSONTokens, length: Int) {
        withUnsafeTemporaryAllocation(byteCount: length, alignment: 1) { row in
            var count = 0
            func append(_ byte: UInt8) {
                row[count] = byte
                count += 1
            }
            func append(_ text: UnsafeRawBufferPointer) {
                UnsafeMutableRawBufferPointer(rebasing: row[count...]).copyMemory(from: text)
                count += text.count
            }
            append(UInt8(ascii: "{"))
            var token = object + 1
            while tokens.kind(at: token) == .name {
                if token > object + 1 { append(UInt8(ascii: ",")) }
                append(tokens.source(at: token))
                append(UInt8(ascii: ":"))
                append(tokens.text(at: token + 1))
                token += 2
            }
            append(UInt8(ascii: "}"))
            append(UInt8(ascii: "\n"))
            if bytes.isEmpty { bytes = Array(row) } else { bytes.append(contentsOf: row) }
        }
    }

    private mutating func appendRewritten(objectAt object: Int, of tokens: JSONTokens) {
        bytes.append(UInt8(ascii: "{"))
        var token = object + 1
        while tokens.kind(at: token) == .name {
            if token > object + 1 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(stringUTF8: tokens.text(at: token), to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            MetricValue.text(of: token + 1, in: tokens)?.append(to: &bytes)
            token += 2
        }
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Appends rows that were checked before.
    package mutating func append(_ rows: MetricsRows) {
        bytes.append(contentsOf: rows.bytes)
        count += rows.count
    }

    /// Whether a column holds a row's key: `step` or `epoch`.
    static func isKey(_ name: UnsafeRawBufferPointer) -> Bool {
        MetricsKey.isStep(name) || MetricsKey.isEpoch(name)
    }

    private static func isWholeOrMissing(_ value: MetricText) -> Bool {
        switch value {
        case .missing: true
        case .literal: false
        case .sent(let text): MetricsKey.value(text) != nil
        }
    }

    private static func noMetric(
        _ token: Int, _ tokens: JSONTokens, _ place: String, _ pointer: JSONPointer
    ) -> MetadataFault {
        let name = tokens.string(at: token)
        let found =
            switch tokens.kind(at: token + 1) {
            case .string: "the text \"\(tokens.string(at: token + 1).shown(atMost: 100))\""
            case .true: "true"
            case .false: "false"
            case .arrayBegin: "an array"
            default: "an object"
            }
        return .shape(
            pointer.appending(name), "\(place): \"\(name)\" is \(found); a metric is a number, null or NaN")
    }

    private static func noWholeNumber(
        _ token: Int, _ tokens: JSONTokens, _ place: String, _ pointer: JSONPointer
    ) -> MetadataFault {
        let name = tokens.string(at: token)
        let text = String(decoding: tokens.source(at: token + 1), as: UTF8.self).shown(atMost: 100)
        return .shape(pointer.appending(name), "\(place): \"\(name)\" is \(text); it has to be a whole number")
    }
}

/// A row's key: its `step`, else its `epoch`.
package enum MetricsKey {
    package static let step = "step"
    package static let epoch = "epoch"

    /// Whether a column's name is `step`. Asked of each metric of each row: compared as a number.
    static func isStep(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == 4 && name.loadUnaligned(as: UInt32.self).bigEndian == 0x7374_6570
    }

    /// Whether it is `epoch`.
    static func isEpoch(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == 5 && name[4] == UInt8(ascii: "h")
            && name.loadUnaligned(as: UInt32.self).bigEndian == 0x6570_6F63
    }

    /// The whole number that a JSON number's text stands for, nil where it is none or has over 18 digits.
    package static func value(_ text: UnsafeRawBufferPointer) -> Int? {
        var digits = text[...]
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        var value = 0
        guard digits.count <= 18 else { return general(text) }
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return general(text) }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return isNegative ? -value : value
    }

    /// Numbers such as `3.0` and `1e3`.
    private static func general(_ text: UnsafeRawBufferPointer) -> Int? {
        guard let value = JSONNumber(String(decoding: text, as: UTF8.self))?.int,
            value.magnitude < 1_000_000_000_000_000_000
        else { return nil }
        return value
    }
}
