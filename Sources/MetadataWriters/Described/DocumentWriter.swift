internal import JSON
package import RunMetadata
package import RunStore

/// Stores a JSON document that matches a schema. It replaces the previous one, or is stored beside it if the path says
/// so.
package struct DocumentWriter: MetadataWriter {
    package let type: MetadataType
    package let summary: String
    /// The default forms.
    static let allForms: [BodyForm] = [.json, .form, .multipart]

    package let forms: [BodyForm]
    package let limit: Int?
    let path: PathTemplate
    let schema: DocumentSchema?

    package var readsRequest: Bool { path.fixed == nil }

    package var document: StoredDocument? {
        if let fixed = path.fixed { return .file(fixed, mediaType: "application/json") }
        return path.folder.map { .folder($0) }
    }

    package func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange] {
        guard case .json(let bytes) = body else {
            throw MetadataFault(.contentType(allowed: []), "\(type): this form of body cannot hold JSON")
        }
        let value: JSONValue
        do { value = try JSONValue.parse(bytes) } catch { throw MetadataFault(error) }
        try schema?.check(bytes, "\(type): the document")
        return [.put(try path.path(for: request, type: type), JSONWriter.pretty(value))]
    }
}
