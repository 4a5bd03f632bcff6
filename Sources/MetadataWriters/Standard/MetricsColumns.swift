internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// A data frame that was sent by column: `{"loss": [0.4, 0.3]}`, or as pandas' `to_json()` writes it: `{"loss": {"0":
/// 0.4, "1": 0.3}}`.
struct MetricsColumns {
    private struct Column {
        let name: [UInt8]
        let role: MetricsColumnRole
        /// The tokens of the values.
        let values: [Int]
    }

    private let tokens: JSONTokens
    private let columns: [Column]
    private let rowCount: Int

    /// - Returns: nil if the document is one row
    /// - Throws: a fault of shape: columns of different lengths, a value that is not a metric, no columns, no rows
    init?(_ tokens: JSONTokens, _ limit: Limit) throws(MetadataFault) {
        self.tokens = tokens
        guard tokens.kind(at: 0) == .objectBegin, tokens.memberCount(at: 0) > 0 else { return nil }
        let isIndexed = Self.isIndexed(tokens)
        guard isIndexed || Self.holdsLongArray(0, tokens) else { return nil }
        var columns: [Column] = []
        if isIndexed {
            var token = 1
            while tokens.kind(at: token) == .name {
                let name = Array(tokens.text(at: token))
                columns.append(Column(name: name, role: Self.role(name), values: Self.members(token + 1, tokens)))
                token = tokens.next(after: token + 1)
            }
        } else {
            try Self.gather(0, [], tokens, limit, &columns)
        }
        try Self.check(columns, tokens, limit)
        self.columns = columns
        rowCount = columns[0].values.count
    }

    /// The change that stores the frame.
    /// - Throws: if a whole frame has times, or would be too long as rows
    func change(_ replaces: Bool, _ time: [UInt8]) throws(MetadataFault) -> DataChange {
        if !replaces, rowCount == 1 || isByKey { return .rows(try rows(time)) }
        if columns.contains(where: { $0.role == .time }) { throw .timesOfFrame }
        let text = text
        // When rows are appended to the frame, each of its rows is stored with the names of all columns.
        let room = MetricsFrame.limitOfRows(ofText: text.count)
        let ofRow = columns.reduce(64) { $0 + $1.name.count + 4 }
        if ofRow > room.most / max(1, rowCount) { throw MetricsRows.excess(room, "metrics", JSONPointer()) }
        return .frame(MetricsReplacement(text: text, rowCount: rowCount, replaces ? .always : .unlessShorter))
    }

    // MARK: Reading

    private static func role(_ name: [UInt8]) -> MetricsColumnRole { name.withUnsafeBytes { MetricsColumnRole($0) } }

    /// Whether any member, or a member of a nested object, is an array of a length other than 1.
    private static func holdsLongArray(_ object: Int, _ tokens: JSONTokens) -> Bool {
        var token = object + 1
        while tokens.kind(at: token) == .name {
            let value = token + 1
            if tokens.kind(at: value) == .arrayBegin, tokens.memberCount(at: value) != 1 { return true }
            if tokens.kind(at: value) == .objectBegin, holdsLongArray(value, tokens) { return true }
            token = tokens.next(after: value)
        }
        return false
    }

    private static func gather(
        _ object: Int, _ path: [UInt8], _ tokens: JSONTokens, _ limit: Limit, _ columns: inout [Column]
    ) throws(MetadataFault) {
        var token = object + 1
        while tokens.kind(at: token) == .name {
            let (name, value) = (path + tokens.text(at: token), token + 1)
            // Checked before the columns of a nested object repeat it in their names.
            if name.count > MetadataName.longestMetric {
                throw name.withUnsafeBytes {
                    MetadataName.fault($0, atMost: MetadataName.longestMetric, "metrics", JSONPointer())
                }
            }
            switch tokens.kind(at: value) {
            case .objectBegin: try gather(value, name + [UInt8(ascii: ".")], tokens, limit, &columns)
            case .arrayBegin:
                var values: [Int] = []
                var element = value + 1
                while tokens.kind(at: element) != .arrayEnd {
                    values.append(element)
                    element = tokens.next(after: element)
                }
                columns.append(Column(name: name, role: role(name), values: values))
                if columns.count > limit.most { throw .excess(LimitExceeded(limit), "metrics") }
            default:
                let text = String(decoding: name, as: UTF8.self)
                throw .shape(
                    JSONPointer().appending(text),
                    "metrics: \"\(text.shown(atMost: 100))\" is not an array, but other columns are; send a whole frame as arrays, or "
                        + "one row as single numbers")
            }
            token = tokens.next(after: value)
        }
    }

    // MARK: Checking

    private static func check(_ columns: [Column], _ tokens: JSONTokens, _ limit: Limit) throws(MetadataFault) {
        if columns.count > limit.most { throw .excess(LimitExceeded(limit), "metrics") }
        guard let first = columns.first else { throw .shape(JSONPointer(), "metrics: the frame has no column") }
        var names: Set<[UInt8]> = []
        for column in columns {
            let name = String(decoding: column.name, as: UTF8.self)
            let pointer = column.name.isEmpty ? JSONPointer() : JSONPointer().appending(name)
            let isAllowed = column.name.withUnsafeBytes {
                MetadataName.isAllowed($0, atMost: MetadataName.longestMetric)
            }
            guard isAllowed else {
                throw column.name.withUnsafeBytes {
                    MetadataName.fault($0, atMost: MetadataName.longestMetric, "metrics", pointer)
                }
            }
            guard names.insert(column.name).inserted else {
                throw .shape(pointer, "metrics: the column \"\(name.shown(atMost: 100))\" is there twice; send it once")
            }
            if column.values.count != first.values.count {
                throw .shape(
                    pointer,
                    "metrics: column \"\(name.shown(atMost: 100))\" has \(column.values.count) values, but column "
                        + "\"\(String(decoding: first.name, as: UTF8.self).shown(atMost: 100))\" has \(first.values.count); fill "
                        + "epochs not run yet with null")
            }
            if column.values.isEmpty {
                throw .shape(
                    pointer,
                    "metrics: the frame has no row; send it once there is one, or with null for epochs to come")
            }
            for (row, token) in column.values.enumerated() { try check(token, row, column, pointer, tokens) }
        }
    }

    private static func check(
        _ token: Int, _ row: Int, _ column: Column, _ pointer: JSONPointer, _ tokens: JSONTokens
    ) throws(MetadataFault) {
        func fault(_ cure: String) -> MetadataFault {
            let text = String(decoding: tokens.source(at: token), as: UTF8.self).shown(atMost: 100)
            let name = String(decoding: column.name, as: UTF8.self).shown(atMost: 100)
            return .shape(pointer.appending(row), "metrics: \"\(name)\" of row \(row) is \(text); \(cure)")
        }
        guard let value = MetricValue.text(of: token, in: tokens) else {
            throw fault("a metric is a number, null or NaN")
        }
        switch (column.role, value) {
        case (.frame, _): throw fault("this name is the server's own; choose another")
        case (_, .missing): return
        case (.step, .sent(let text)):
            guard let step = MetricsAxisValue(text) else { throw fault("a step is from \(Int.min) to \(Int.max)") }
            if step.fraction != 0 { throw fault("it has to be a whole number") }
        case (.step, .nonFinite): throw fault("it has to be a whole number")
        case (.time, .nonFinite): throw fault("it has to be seconds since 1970")
        case (_, .sent(let text)) where text.count > MetricsFrame.Cell.longestNumber:
            throw fault("a number has \(MetricsFrame.Cell.longestNumber) digits at most")
        default: return
        }
    }

    // MARK: Writing

    /// Whether each row has a key of its own: a step, or an epoch if no row has a step.
    private var isByKey: Bool {
        func values(_ role: MetricsColumnRole) -> [MetricsAxisValue?]? {
            columns.first { $0.role == role }.map { column in
                column.values.map { token in
                    guard tokens.kind(at: token) == .number else { return nil }
                    return MetricsAxisValue(tokens.text(at: token))
                }
            }
        }
        let steps = values(.step)
        let keys = steps?.contains { $0 != nil } == true ? steps : values(.epoch)
        guard let keys, !keys.contains(nil) else { return false }
        return Set(keys).count == keys.count
    }

    private func append(_ token: Int, to output: inout [UInt8]) {
        MetricValue.text(of: token, in: tokens)?.append(to: &output)
    }

    /// The text of `metrics.json`.
    private var text: [UInt8] {
        var output = Array("{".utf8)
        for (index, column) in columns.enumerated() {
            output += Array((index == 0 ? "\n  " : ",\n  ").utf8)
            column.name.withUnsafeBytes { JSONWriter.append(stringUTF8: $0, to: &output) }
            output += Array(": [".utf8)
            for (row, token) in column.values.enumerated() {
                if row > 0 { output += Array(", ".utf8) }
                append(token, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        }
        return output + Array("\n}\n".utf8)
    }

    private func rows(_ time: [UInt8]) throws(MetadataFault) -> MetricsRows {
        let names = columns.map { column in
            var name: [UInt8] = []
            column.name.withUnsafeBytes { JSONWriter.append(stringUTF8: $0, to: &name) }
            return name + [UInt8(ascii: ":")]
        }
        let hasTime = columns.contains { $0.role == .time }
        let room = MetricsRows.limit(ofBody: tokens.source(at: 0).count)
        var output: [UInt8] = []
        for row in 0..<rowCount {
            for (index, column) in columns.enumerated() {
                output.append(UInt8(ascii: index == 0 ? "{" : ","))
                output += names[index]
                append(column.values[row], to: &output)
            }
            if !hasTime { output += Array(",\"\(MetricsColumnRole.timeName)\":".utf8) + time }
            output += Array("}\n".utf8)
            if output.count > room.most { throw MetricsRows.excess(room, "metrics", JSONPointer()) }
        }
        return MetricsRows(checked: output, count: rowCount)
    }
}
