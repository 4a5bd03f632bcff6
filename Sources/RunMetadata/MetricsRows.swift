package import JSON
package import Limits

/// Checked rows of metrics, each a compact JSON object and a newline, ready to be appended to `metrics.ndjson`.
package struct MetricsRows: Sendable, Equatable {
    package private(set) var bytes: [UInt8] = []
    package private(set) var count = 0
    /// Whether a row was sent with a time of its own (`_time`).
    package private(set) var haveTimes = false
    /// Which names the rows have; nil: not known.
    package private(set) var shape: MetricsShape? = MetricsShape()

    package init() {}

    /// Rows that are known to have the form of the log.
    package init(checked bytes: [UInt8], count: Int) { (self.bytes, self.count, shape) = (bytes, count, nil) }

    package var isEmpty: Bool { count == 0 }

    /// The most bytes of the rows of a body with `size` bytes. Each row has the full names of its metrics. A body may
    /// have them once for all rows (CSV, a frame by column) or for many metrics (nested objects).
    package static func limit(ofBody size: Int) -> Limit {
        Limit(.bytes, most: max(2 * size, min(1 << 20 + 32 * size, 256 << 20)))
    }

    /// The fault of rows with more than that.
    package static func excess(_ limit: Limit, _ what: String, _ pointer: JSONPointer) -> MetadataFault {
        .shape(
            pointer,
            "\(what): with the names of its metrics in each row, it is \(LimitExceeded(limit)); send fewer rows in one request, or "
                + "shorter names")
    }

    /// Appends the row that an object token holds. Nested objects are flattened: `{"train": {"loss": 1}}` is
    /// `train.loss`. An array of one is its element (jsonlite makes an array of every vector).
    /// - Parameters:
    ///   - object: the index of the object's begin
    ///   - row: the row's number, for messages; nil if there is only one
    ///   - pointer: where the object is in the body
    ///   - columns: the most metrics it may have
    ///   - room: the most bytes of all rows
    ///   - time: when it arrived, as JSON text. It becomes the row's `_time` unless it has one; nil: it gets none
    /// - Throws: a fault of shape: not an object, no member, an invalid metric, a step that is not whole, a key that is
    ///   not a number
    package mutating func append(
        objectAt object: Int, of tokens: JSONTokens, row: Int? = nil, pointer: JSONPointer = JSONPointer(),
        columns: Limit? = nil, room: Limit? = nil, time: [UInt8]? = nil
    ) throws(MetadataFault) {
        var check = MetricsRowCheck(tokens, row: row, pointer)
        guard tokens.kind(at: object) == .objectBegin else {
            throw .shape(
                pointer, "\(check.place): a row is an object of metrics, such as {\"epoch\": 0, \"loss\": 0.42}")
        }
        guard tokens.memberCount(at: object) > 0 else {
            throw .shape(pointer, "\(check.place): the row has no metric; send at least one, such as {\"loss\": 0.42}")
        }
        if let columns, tokens.memberCount(at: object) > columns.most {
            throw .excess(LimitExceeded(columns), check.place, pointer)
        }
        // The row's length if it can be copied as it is, the usual case.
        var length: Int? = 2
        var token = object + 1
        var shape = MetricsShape()
        while tokens.kind(at: token) == .name {
            if let counted = length, tokens.isVerbatim(at: token), tokens.kind(at: token + 1) == .number {
                try check.number(at: token)
                shape.add(tokens.text(at: token))
                length = counted + tokens.source(at: token).count + tokens.text(at: token + 1).count + 2
                token += 2
            } else {
                length = nil
                break
            }
        }
        let stamp = check.hasTime ? nil : time
        if let length {
            haveTimes = haveTimes || check.hasTime
            try check.finish()
            appendVerbatim(objectAt: object, of: tokens, length: length, time: stamp)
        } else {
            shape = MetricsShape()
            try appendRewritten(objectAt: object, of: tokens, row: row, pointer, columns, room, time, &shape)
        }
        if let room, bytes.count > room.most { throw Self.excess(room, check.place, pointer) }
        if count == 0 { self.shape = shape } else { self.shape?.add(shape) }
        count += 1
    }

    /// Appends an empty row, a placeholder for one to come.
    package mutating func appendEmpty() {
        bytes.append(contentsOf: "{}\n".utf8)
        count += 1
    }

    private static let timeMember = Array(",\"\(MetricsColumnRole.timeName)\":".utf8)

    /// Appends a row whose names and numbers can be copied from the source.
    /// - Parameter length: its bytes: a brace, members each followed by a comma or the closing brace, a newline
    private mutating func appendVerbatim(objectAt object: Int, of tokens: JSONTokens, length: Int, time: [UInt8]?) {
        let length = length + (time.map { Self.timeMember.count + $0.count } ?? 0)
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
            if let time {
                Self.timeMember.withUnsafeBytes { append($0) }
                time.withUnsafeBytes { append($0) }
            }
            append(UInt8(ascii: "}"))
            append(UInt8(ascii: "\n"))
            if bytes.isEmpty { bytes = Array(row) } else { bytes.append(contentsOf: row) }
        }
    }

    private mutating func appendRewritten(
        objectAt object: Int, of tokens: JSONTokens, row: Int?, _ pointer: JSONPointer, _ columns: Limit?,
        _ room: Limit?, _ time: [UInt8]?, _ shape: inout MetricsShape
    ) throws(MetadataFault) {
        var check = MetricsRowCheck(tokens, row: row, pointer)
        var text: [UInt8] = []
        var names: Set<[UInt8]> = []
        let place = check.place
        let left = room.map { $0.most - bytes.count } ?? .max
        try check.eachMetric(of: object) { name, value throws(MetadataFault) in
            guard names.insert(name).inserted else {
                throw .shape(
                    pointer,
                    "\(place): \"\(String(decoding: name, as: UTF8.self).shown(atMost: 100))\" is sent twice, once as a name and once "
                        + "as nested names; send it once")
            }
            if let columns, names.count > columns.most { throw .excess(LimitExceeded(columns), place, pointer) }
            text.append(UInt8(ascii: text.isEmpty ? "{" : ","))
            name.withUnsafeBytes { name in
                JSONWriter.append(stringUTF8: name, to: &text)
                shape.add(name)
            }
            text.append(UInt8(ascii: ":"))
            value.append(to: &text)
            if let room, text.count > left { throw Self.excess(room, place, pointer) }
        }
        try check.finish()
        if text.isEmpty {
            throw .shape(pointer, "\(check.place): the row has no metric; send at least one, such as {\"loss\": 0.42}")
        }
        haveTimes = haveTimes || check.hasTime
        if let time, !check.hasTime { text += Self.timeMember + time }
        bytes += text
        bytes += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    }
}
