internal import HTTPServer
internal import JSON
internal import Limits
internal import MetadataWriters
internal import RunMetadata

/// Converts a collected body for writers: lenient about form, strict about content.
enum BodyReading {
    /// Reads a body of some form.
    /// - Parameters:
    ///   - values: the most values of a document
    ///   - entries: the most fields of a form
    ///   - type: the type of the metadata, if it is some
    ///   - fields: reads the fields of a multipart body
    static func read(
        _ body: [UInt8], form: BodyForm, values: Limit, entries: Limit, type: MetadataType? = nil,
        fields: ([UInt8]) throws -> [(name: String, value: String)]
    ) throws -> MetadataBody {
        if form == .text {
            // Unchanged: white space is output too.
            if body.isEmpty { throw Problem.emptyBody("the body is empty; send the text in it") }
            return .text(body)
        }
        // Windows programs begin a text with a byte order mark (RFC 3629 section 6).
        let body = body.starts(with: [0xEF, 0xBB, 0xBF]) && form != .raw ? Array(body.dropFirst(3)) : body
        guard let first = firstByte(body) else {
            throw Problem.emptyBody("the body is empty; send the metadata in it")
        }
        let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        let isMetrics = type == .metrics
        try ValueCount.check(body, form: form == .form && isJSON ? .json : form, limit: values)
        switch form {
        case .json: return .json(body)
        case .ndjson: return .ndjson(body)
        case .csv: return .csv(body)
        case .form:
            if let fault = shellFault(body, isMetrics: isMetrics) { throw fault }
            // As sent by `curl -d '{…}'`.
            if isJSON { return isMetrics && holdsLines(body) ? .ndjson(body) : .json(body) }
            if isMetrics, isTable(body) { return .csv(body) }
            if isMetrics, !body.contains(UInt8(ascii: "=")) {
                throw Problem(
                    400, "invalid-form", "Invalid form",
                    "the body is neither JSON nor a form. Send CSV with --data-binary @file (curl's -d @file removes line "
                        + "breaks) and Content-Type: text/csv")
            }
            guard let form = try FormFields(body, budget: Budget([entries])) else {
                throw Problem(
                    400, "invalid-form", "Invalid form",
                    "the form has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8; "
                        + "to send JSON, start it with \"{\" or set Content-Type: application/json")
            }
            return .json(try json(of: form.fields, values: values, type: type))
        case .multipart: return .json(try json(of: fields(body), values: values, type: type))
        case .text, .archive, .raw: throw Problem.internalFault
        }
    }

    /// What is wrong with JSON whose quotes a shell has left around it, or has taken away; nil for other bodies.
    private static func shellFault(_ body: [UInt8], isMetrics: Bool) -> MetadataFault? {
        let text = body.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        let (first, second) = (text.first, text.dropFirst().first { $0 != UInt8(ascii: " ") })
        let cure =
            "In Windows' cmd and PowerShell write -d \"{\\\"lr\\\": 0.1}\", or put the JSON into a file and write -d @file"
        switch first {
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            let isJSON = second.map { "{[\\".utf8.contains($0) } ?? false
            // Names in quotes may be those of a form, or of CSV.
            if !isJSON, isMetrics || body.contains(UInt8(ascii: "=")) { return nil }
            return .shape(JSONPointer(), "the body begins with a quote, so it is neither JSON nor a form. \(cure)")
        case UInt8(ascii: "{"):
            guard let second, Unicode.Scalar(second).properties.isAlphabetic else { return nil }
            return .shape(
                JSONPointer(), "the first name of the JSON has no quotes, which a shell may have removed. \(cure)")
        default: return nil
        }
    }

    /// Whether a text that begins like JSON is several objects, one per line.
    private static func holdsLines(_ body: [UInt8]) -> Bool {
        guard let end = body.firstIndex(of: UInt8(ascii: "\n")), firstByte(Array(body[end...])) == UInt8(ascii: "{")
        else {
            return false
        }
        return body[..<end].last { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: " ") } == UInt8(ascii: "}")
    }

    /// Whether a text is certainly CSV: several lines, no `=` in the first, and the same number of fields in the
    /// second.
    private static func isTable(_ body: [UInt8]) -> Bool {
        let lines = body.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: true)
        guard lines.count >= 2, !lines[0].contains(UInt8(ascii: "=")), !lines[0].contains(UInt8(ascii: "&")) else {
            return false
        }
        return lines[0].count { $0 == UInt8(ascii: ",") } == lines[1].count { $0 == UInt8(ascii: ",") }
    }

    /// A form as JSON: the field `data` if that holds JSON (Keras' RemoteMonitor), else the fields as a named list.
    /// In the list, text that is a JSON number within the range of a double becomes a number, and `true` and `false`
    /// become truth values.
    /// - Parameter type: the type of the metadata, if it has one. In metrics and evaluation, numbers may also be
    ///   written as programs print them. An error's message and traceback always stay text
    /// - Throws: also if there are fields beside JSON in `data`, which would be lost
    static func json(
        of fields: [(name: String, value: String)], values: Limit, type: MetadataType? = nil
    ) throws -> [UInt8] {
        if let data = fields.first(where: { $0.name == "data" })?.value {
            let bytes = Array(data.utf8)
            if let first = firstByte(bytes), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
                if let other = fields.first(where: { $0.name != "data" })?.name ?? (fields.count > 1 ? "data" : nil) {
                    throw Problem(
                        400, "invalid-form", "Invalid form",
                        "the field \"data\" holds JSON, which is the whole body, so that the field \"\(other.shown(atMost: 100))\" "
                            + "beside it would be lost; send all of it as JSON, without a form")
                }
                try ValueCount.check(bytes, form: .json, limit: values)
                return bytes
            }
        }
        var list = JSONObject()
        for (name, value) in fields {
            if list[name] != nil {
                throw Problem(
                    400, "invalid-form", "Invalid form",
                    "the field \"\(name)\" appears twice; to send a list, send JSON: {\"\(name)\": [1, 2]}")
            }
            list[name] =
                switch type {
                case .metrics, .evaluation: number(value)
                // An exit status, for example.
                case .error where ["message", "traceback"].contains(name): .string(value)
                default: Self.value(of: value)
                }
        }
        return JSONWriter.compact(.object(list))
    }

    private static func number(_ text: String) -> JSONValue {
        guard let number = MetricValue.number(withPlus(text)), number.double.isFinite else { return .string(text) }
        return .number(number)
    }

    private static func value(of text: String) -> JSONValue {
        if text == "true" || text == "false" { return .bool(text == "true") }
        // Beyond the range of a double it is rather a name that looks like a number, such as the commit 80e5005.
        if let number = JSONNumber(withPlus(text)), number.isInDoubleRange { return .number(number) }
        return .string(text)
    }

    /// A number as awk prints it, `1e+06`. (In a form, its plus sign was decoded as a space.)
    private static func withPlus(_ text: String) -> String {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let last = parts[0].last, "eE".contains(last), parts[1].allSatisfy(\.isWholeNumber)
        else {
            return text
        }
        return parts.joined(separator: "+")
    }

    private static func firstByte(_ body: [UInt8]) -> UInt8? {
        body.first {
            $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\t")
        }
    }
}

extension RunAPI {
    /// The body of an exchange, unpacked and parsed. May take long if it is large.
    /// - Parameter writer: its writer, if it is metadata of a type
    func body(of request: RunRequest, for writer: (any MetadataWriter)? = nil) throws -> MetadataBody {
        let exchange = request.exchange
        var bytes = exchange.takeBody()
        if exchange.hasDigests { try UploadDigests(exchange, isFile: false).check(bytes) }
        let held = heldBytes(writer)
        if request.body.isGzipped { bytes = try GzipDecoder.decode(bytes, budget: Budget([held])) }
        return try BodyReading.read(
            bytes, form: request.body.form, values: Self.values(in: held), entries: formEntries,
            type: writer?.type
        ) { body in
            try fields(of: body, held, exchange)
        }
    }

    /// The fields of a multipart body; a file counts as a field.
    private func fields(
        of body: [UInt8], _ held: Limit, _ exchange: HTTPExchange
    ) throws -> [(name: String, value: String)] {
        var fields = HeldFields()
        let reader = MultipartReader(exchange: exchange, budget: Budget([formEntries]), fields: Budget([held])) {
            fields.append($0)
        }
        guard let reader else { throw MultipartReader.Failure() }
        try body.withUnsafeBytes { try reader.read($0) }
        try reader.finish()
        return try fields.texts
    }
}
