internal import HTTPServer
internal import JSON
internal import MetadataWriters

/// Turns a collected body into what writers take: forgiving about form, strict about content.
enum BodyReading {
    /// Reads a body of some form.
    /// - Parameter fields: reads the fields of a multipart body
    static func read(
        _ body: [UInt8], form: BodyForm, fields: ([UInt8]) throws -> [(name: String, value: String)]
    ) throws -> MetadataBody {
        guard let first = firstByte(body) else {
            throw Problem.emptyBody("the body is empty; send the metadata in it")
        }
        switch form {
        case .json: return .json(body)
        case .ndjson: return .ndjson(body)
        case .csv: return .csv(body)
        case .form:
            // What `curl -d '{…}'` sends.
            if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return .json(body) }
            guard let form = FormFields(body) else {
                throw Problem(
                    400, "invalid-form", "Invalid form",
                    "the form has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8; "
                        + "to send JSON, start it with \"{\" or say Content-Type: application/json")
            }
            return .json(try json(of: form.fields))
        case .multipart: return .json(try json(of: fields(body)))
        case .archive, .raw: throw Problem.internalFault
        }
    }

    /// A form as JSON: the field `data` where that holds JSON (Keras' RemoteMonitor), else the fields as a named list, in
    /// which a value that reads as a JSON number, `true` or `false` is one.
    static func json(of fields: [(name: String, value: String)]) throws -> [UInt8] {
        if let data = fields.first(where: { $0.name == "data" })?.value {
            let bytes = Array(data.utf8)
            if let first = firstByte(bytes), first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return bytes }
        }
        var list = JSONObject()
        for (name, value) in fields {
            if list[name] != nil {
                throw Problem(
                    400, "invalid-form", "Invalid form",
                    "the field \"\(name)\" appears twice; to send a list, send JSON: {\"\(name)\": [1, 2]}")
            }
            list[name] = Self.value(of: value)
        }
        return JSONWriter.compact(.object(list))
    }

    private static func value(of text: String) -> JSONValue {
        if text == "true" || text == "false" { return .bool(text == "true") }
        if let number = JSONNumber(text), number.isFinite { return .number(number) }
        return .string(text)
    }

    private static func firstByte(_ body: [UInt8]) -> UInt8? {
        body.first {
            $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\t")
        }
    }
}

extension RunAPI {
    /// The body of an exchange, unpacked and read. May take long for a large one.
    func body(of exchange: HTTPExchange, _ request: RoutedRequest) throws -> MetadataBody {
        var bytes = exchange.takeBody()
        if request.body.isGzipped { bytes = try GzipDecoder.decode(bytes, limit: settings.maxBody) }
        return try BodyReading.read(bytes, form: request.body.form) { body in
            try Self.fields(of: body, exchange)
        }
    }

    /// The fields of a multipart body; a file counts as a field.
    private static func fields(of body: [UInt8], _ exchange: HTTPExchange) throws -> [(name: String, value: String)] {
        var parts: [(name: String, value: [UInt8])] = []
        let reader = MultipartReader(exchange: exchange) { piece in
            if piece.offset == 0 { parts.append((piece.name, [])) }
            guard let last = parts.indices.last else { return }
            parts[last].value.append(contentsOf: piece.bytes)
        }
        guard let reader else { throw MultipartReader.Failure() }
        try body.withUnsafeBytes { try reader.read($0) }
        try reader.finish()
        return try parts.map { part in
            guard let text = String(validating: part.value, as: UTF8.self) else {
                throw Problem(400, "invalid-form", "Invalid form", "the field \"\(part.name)\" is not UTF-8")
            }
            return (part.name, text)
        }
    }
}
