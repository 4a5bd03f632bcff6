internal import HTTPServer
internal import MetadataWriters

/// The body as described by a request's head.
struct BodyDescription: Sendable {
    var form = BodyForm.json
    var isGzipped = false
}

extension HTTPExchange {
    /// - Throws: a problem if there is no body
    func requireBody(canBeEmpty: Bool = false) throws(Problem) {
        if isChunked { return }
        guard let length = contentLength else {
            throw Problem(
                411, "length-required", "Length required",
                "the request needs a body, with Content-Length or Transfer-Encoding: chunked; curl sends one with -d")
        }
        if length == 0, !canBeEmpty { throw .emptyBody("the body is empty; send the metadata in it") }
    }

    func isGzipped() throws(Problem) -> Bool {
        guard let bytes = headerBytes("Content-Encoding") else { return false }
        let coding = String(decoding: bytes, as: UTF8.self).lowercased()
        if coding == "identity" { return false }
        if coding == "gzip" || coding == "x-gzip" { return true }
        throw Problem(
            415, "unsupported-media-type", "Unsupported content encoding",
            "the content encoding \"\(coding)\" is not accepted; use gzip or none"
        ).with {
            $0.allowed = ["gzip"]
            $0.headers = [("Accept-Encoding", "gzip")]
        }
    }

    /// The form that the content type names, among the accepted ones. Without a content type, the body is read as from
    /// `curl -d`.
    func form(of forms: [BodyForm]) throws(Problem) -> BodyForm {
        guard let header = headerBytes("Content-Type") else { return forms.contains(.text) ? .text : .form }
        let type = MediaType.essence(of: header)
        if let form = forms.first(where: { $0.mediaTypes.contains(type) }) { return form }
        if type.hasSuffix("+json"), forms.contains(.json) { return .json }
        throw .unsupportedMediaType(
            "\"\(String(decoding: header, as: UTF8.self))\"", forms.compactMap(\.mediaTypes.first))
    }

    /// The same for a writer's body.
    func form(for writer: any MetadataWriter) throws(Problem) -> BodyForm {
        let forms = writer.forms
        guard forms.first == .raw else { return try form(of: forms) }
        let types = writer.rawTypes
        let type = headerBytes("Content-Type").map(MediaType.essence) ?? ""
        // The default of `curl --data-binary`.
        let isUnnamed = type.isEmpty || BodyForm.form.mediaTypes.contains(type)
        guard types.isEmpty || isUnnamed || types.contains(where: { MediaType.matches(type, $0) }) else {
            throw .unsupportedMediaType("\"\(type)\"", types)
        }
        return .raw
    }

    /// The same for a merge patch (RFC 7396).
    func patchForm() throws(Problem) -> BodyForm {
        let type = headerBytes("Content-Type").map(MediaType.essence) ?? ""
        let allowed = ["application/merge-patch+json", "application/json"]
        // The default of `curl -d` is a form.
        guard allowed.contains(type) || type.isEmpty || BodyForm.form.mediaTypes.contains(type) else {
            throw .unsupportedMediaType(type, allowed)
        }
        return allowed.contains(type) ? .json : .form
    }
}
