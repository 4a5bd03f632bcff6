internal import Glibc
internal import HTTPServer
internal import MetadataWriters
internal import RunMetadata

/// What a request's head says of its body.
struct BodyDescription: Sendable {
    var form = BodyForm.json
    var isGzipped = false
}

extension RunAPI {
    /// Understands what the head says of the body.
    func describeBody(
        _ operation: Operation, _ writer: (any MetadataWriter)?, _ exchange: HTTPExchange
    ) throws -> BodyDescription {
        switch operation {
        case .writeMetadata, .writeRunData, .mergeMetadata:
            try requireBody(exchange)
            guard let writer else { throw Problem.internalFault }
            let isPatch = operation == .mergeMetadata
            return BodyDescription(
                form: isPatch ? try patchForm(exchange) : try form(for: writer, exchange),
                isGzipped: try isGzipped(exchange))
        case .writeManyMetadata:
            try requireBody(exchange)
            return BodyDescription(form: try form(of: [.json, .form], exchange), isGzipped: try isGzipped(exchange))
        case .createRun, .initialiseRun, .completeRun:
            let hasBody = exchange.isChunked || exchange.contentLength ?? 0 > 0
            return BodyDescription(
                form: hasBody ? try form(of: [.json, .form, .multipart], exchange) : .json,
                isGzipped: try isGzipped(exchange))
        default: return BodyDescription()
        }
    }

    /// Decides what happens to a request's body, before any of it is read.
    func plan(for request: RoutedRequest, _ exchange: HTTPExchange) throws -> BodyPlan {
        if let limit = request.bodyLimit { return .collect(limit: limit) }
        guard let writer = request.writer else {
            if exchange.headerBytes("Content-Range") != nil {
                return .stream(
                    try FilePartSink(api: self, request: request, exchange: exchange), limit: settings.maxUpload)
            }
            return .stream(try FileSink(api: self, request: request, exchange: exchange), limit: settings.maxUpload)
        }
        if request.body.isGzipped, request.body.form == .multipart {
            throw Problem.unsupportedMediaType("multipart/form-data with Content-Encoding", ["multipart/form-data"])
        }
        let sink = try UploadSink(api: self, request: request, writer: writer, exchange: exchange)
        return .stream(sink, limit: limit(of: writer))
    }

    /// Bytes of the largest body, where it is gathered in memory; nil where it is taken as it comes.
    func gatheredLimit(_ operation: Operation, _ writer: (any MetadataWriter)?, _ form: BodyForm) -> Int? {
        switch operation {
        case .writeMetadata, .writeRunData, .mergeMetadata:
            guard let writer, form != .raw, !writer.forms.contains(.archive) else { return nil }
            return limit(of: writer)
        case .writeFile: return nil
        case .createRun, .initialiseRun, .completeRun, .writeManyMetadata: return settings.maxBody
        // What a body would say is not asked for here.
        default: return settings.inlineBody
        }
    }

    /// Bytes of the largest body that a writer takes.
    func limit(of writer: any MetadataWriter) -> Int {
        let isHeld = !writer.forms.contains(.archive) && !writer.forms.contains(.raw)
        return writer.limit ?? (isHeld ? settings.maxBody : settings.maxUpload)
    }

    func requireBody(_ exchange: HTTPExchange, canBeEmpty: Bool = false) throws {
        if exchange.isChunked { return }
        guard let length = exchange.contentLength else {
            throw Problem(
                411, "length-required", "Length required",
                "this needs a body, with Content-Length or Transfer-Encoding: chunked; curl sends one with -d")
        }
        if length == 0, !canBeEmpty { throw Problem.emptyBody("the body is empty; send the metadata in it") }
    }

    private func isGzipped(_ exchange: HTTPExchange) throws -> Bool {
        guard let bytes = exchange.headerBytes("Content-Encoding") else { return false }
        let coding = String(decoding: bytes, as: UTF8.self).lowercased()
        if coding == "identity" { return false }
        if coding == "gzip" || coding == "x-gzip" { return true }
        throw Problem(
            415, "unsupported-media-type", "Unsupported content encoding",
            "the content encoding \"\(coding)\" is not taken; send gzip, or no encoding"
        ).with {
            $0.allowed = ["gzip"]
            $0.headers = [("Accept-Encoding", "gzip")]
        }
    }

    private func patchForm(_ exchange: HTTPExchange) throws -> BodyForm {
        let type = MediaType.essence(of: exchange.header("Content-Type") ?? "")
        let allowed = ["application/merge-patch+json", "application/json"]
        // Plain `curl -d` says it sends a form.
        guard allowed.contains(type) || type.isEmpty || BodyForm.form.mediaTypes.contains(type) else {
            throw Problem.unsupportedMediaType(type, allowed)
        }
        return allowed.contains(type) ? .json : .form
    }

    /// The form that the content type names, for a writer.
    private func form(for writer: any MetadataWriter, _ exchange: HTTPExchange) throws -> BodyForm {
        guard writer.forms.first == .raw else { return try form(of: writer.forms, exchange) }
        let types = writer.rawTypes
        let type = MediaType.essence(of: exchange.header("Content-Type") ?? "")
        // What plain `curl --data-binary` says of everything.
        let isUnnamed = type.isEmpty || BodyForm.form.mediaTypes.contains(type)
        guard types.isEmpty || isUnnamed || types.contains(where: { MediaType.matches(type, $0) }) else {
            throw Problem.unsupportedMediaType("\"\(type)\"", types)
        }
        return .raw
    }

    /// The form that the content type names, among those that are taken. Without a content type it is read as `curl -d`
    /// sends it.
    private func form(of forms: [BodyForm], _ exchange: HTTPExchange) throws -> BodyForm {
        guard let header = exchange.headerBytes("Content-Type") else { return forms.contains(.text) ? .text : .form }
        // What most requests say, without making strings of it.
        if MediaType.isJSON(header), forms.contains(where: { $0 == .json }) { return .json }
        let type = MediaType.essence(of: String(decoding: header, as: UTF8.self))
        if let form = forms.first(where: { $0.mediaTypes.contains(type) }) { return form }
        if type.hasSuffix("+json"), forms.contains(.json) { return .json }
        throw Problem.unsupportedMediaType(
            "\"\(String(decoding: header, as: UTF8.self))\"", forms.compactMap(\.mediaTypes.first))
    }
}

/// Media types (RFC 9110 section 8.3.1).
enum MediaType {
    /// Whether a header is `application/json` and nothing else (memcmp(3)).
    static func isJSON(_ header: UnsafeRawBufferPointer) -> Bool {
        let json: StaticString = "application/json"
        guard let base = header.baseAddress, header.count == json.utf8CodeUnitCount else { return false }
        return memcmp(base, json.utf8Start, header.count) == 0
    }

    /// Whether a header names text, which is much smaller packed. Events are not among it: they are sent one by one.
    static func isText(_ header: String) -> Bool {
        let type = essence(of: header)
        return (type.hasPrefix("text/") && type != "text/event-stream") || type.hasSuffix("+json")
            || ["application/json", "application/x-ndjson", "application/yaml"].contains(type)
    }

    /// Whether a type is one, or of the kind that one as `image/*` names.
    static func matches(_ type: String, _ wanted: String) -> Bool {
        let wanted = wanted.lowercased()
        return type == wanted || (wanted.hasSuffix("/*") && type.hasPrefix(wanted.dropLast()))
    }

    /// `type/subtype` in lower case, without parameters.
    static func essence(of header: String) -> String {
        let type = header.utf8.prefix { $0 != UInt8(ascii: ";") }.filter {
            $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t")
        }
        return String(decoding: type, as: UTF8.self).lowercased()
    }
}
