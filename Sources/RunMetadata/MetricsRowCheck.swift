internal import JSON
internal import Limits

/// Checks the metrics of a sent row, one at a time.
struct MetricsRowCheck {
    private let tokens: JSONTokens
    private let row: Int?
    private let pointer: JSONPointer
    private var hasStep = false
    /// The token of an epoch that cannot be a key.
    private var strangeEpoch: Int?
    private(set) var hasTime = false

    init(_ tokens: JSONTokens, row: Int?, _ pointer: JSONPointer) {
        (self.tokens, self.row, self.pointer) = (tokens, row, pointer)
    }

    /// Names the row in messages.
    var place: String { row.map { "metrics row \($0)" } ?? "metrics" }

    /// Checks a member whose value is a number.
    @inline(__always)
    mutating func number(at token: Int) throws(MetadataFault) {
        let (name, text) = (tokens.text(at: token), tokens.text(at: token + 1))
        guard MetadataName.isAllowed(name, atMost: MetadataName.longestMetric) else { throw nameFault(name, token) }
        try metric(MetricsColumnRole(name), .sent(text), token)
    }

    /// Calls `body` with each metric of an object and of nested objects, whose names are joined by a dot.
    mutating func eachMetric(
        of object: Int, in path: [UInt8] = [], _ body: ([UInt8], MetricText) throws(MetadataFault) -> Void
    ) throws(MetadataFault) {
        var token = object + 1
        while tokens.kind(at: token) == .name {
            let name = path + tokens.text(at: token)
            var value = token + 1
            // jsonlite sends a single value as an array.
            while tokens.kind(at: value) == .arrayBegin, tokens.memberCount(at: value) == 1 { value += 1 }
            if tokens.kind(at: value) == .objectBegin {
                try eachMetric(of: value, in: name + [UInt8(ascii: ".")], body)
            } else {
                let isAllowed = name.withUnsafeBytes { MetadataName.isAllowed($0, atMost: MetadataName.longestMetric) }
                guard isAllowed, !tokens.text(at: token).isEmpty else {
                    throw name.withUnsafeBytes { nameFault($0, token) }
                }
                guard let metric = MetricValue.text(of: value, in: tokens) else { throw noMetric(token, value) }
                try self.metric(name.withUnsafeBytes { MetricsColumnRole($0) }, metric, token, value)
                try body(name, metric)
            }
            token = tokens.next(after: token + 1)
        }
    }

    /// To be called after the last metric.
    func finish() throws(MetadataFault) {
        guard !hasStep, let token = strangeEpoch else { return }
        throw shape(token, "without a step, the epoch identifies the row and has to be a number; or send a step too")
    }

    @inline(__always)
    private mutating func metric(
        _ role: MetricsColumnRole, _ value: MetricText, _ token: Int, _ valueToken: Int? = nil
    ) throws(MetadataFault) {
        if case .sent(let text) = value, text.count > MetricsFrame.Cell.longestNumber {
            let name = tokens.string(at: token)
            throw .shape(
                pointer.appending(name), "\(place): \"\(name)\" has more than \(MetricsFrame.Cell.longestNumber) digits"
            )
        }
        if role != .metric { try key(role, value, token, valueToken ?? token + 1) }
    }

    private mutating func key(
        _ role: MetricsColumnRole, _ value: MetricText, _ token: Int, _ valueToken: Int
    ) throws(MetadataFault) {
        if case .missing = value { return }
        switch role {
        case .step:
            hasStep = true
            guard case .sent(let text) = value else {
                throw shape(valueToken, of: token, "it has to be a whole number")
            }
            guard let number = MetricsAxisValue(text) else {
                throw shape(valueToken, of: token, "a step is from \(Int.min) to \(Int.max)")
            }
            if number.fraction != 0 { throw shape(valueToken, of: token, "it has to be a whole number") }
        case .epoch:
            if case .sent(let text) = value, MetricsAxisValue(text) != nil { return }
            strangeEpoch = token
        case .time:
            guard case .sent = value else { throw shape(valueToken, of: token, "it has to be seconds since 1970") }
            hasTime = true
        case .frame: throw shape(valueToken, of: token, "this name is the server's own; choose another")
        case .metric: return
        }
    }

    // MARK: Faults

    private func shape(_ value: Int, of token: Int? = nil, _ cure: String) -> MetadataFault {
        let name = tokens.string(at: token ?? value)
        let text = String(decoding: tokens.source(at: token == nil ? value + 1 : value), as: UTF8.self)
        return .shape(pointer.appending(name), "\(place): \"\(name)\" is \(text.shown(atMost: 100)); \(cure)")
    }

    private func nameFault(_ name: UnsafeRawBufferPointer, _ token: Int) -> MetadataFault {
        let pointer = name.isEmpty ? pointer : pointer.appending(tokens.string(at: token))
        return MetadataName.fault(name, atMost: MetadataName.longestMetric, place, pointer)
    }

    private func noMetric(_ token: Int, _ value: Int) -> MetadataFault {
        let name = tokens.string(at: token)
        let found =
            switch tokens.kind(at: value) {
            case .string: "the text \"\(tokens.string(at: value).shown(atMost: 100))\""
            case .true: "true"
            case .false: "false"
            case .arrayBegin: "an array"
            default: "an object"
            }
        // `toJSON()` writes the row names of a data frame under this name.
        let cure = name == "_row" ? ". These are R's row names: toJSON(…, rownames = FALSE) leaves them out" : ""
        return .shape(
            pointer.appending(name), "\(place): \"\(name)\" is \(found); a metric is a number, null or NaN\(cure)")
    }
}
