internal import JSON
package import RunMetadata
package import RunStore

/// Stores a named list as a JSON object: POST replaces it, PATCH merges into it.
package struct ListWriter: PatchableWriter {
    package let type: MetadataType
    package let summary: String
    /// The default forms.
    static let allForms: [BodyForm] = [.json, .form, .multipart]

    package let forms: [BodyForm]
    package let limit: Int?
    let path: DataPath
    let schema: DocumentSchema?

    package var document: StoredDocument? { .file(path, mediaType: "application/json") }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        [.put(path, try Self.text(NamedList.read(body, type: type), type, schema))]
    }

    package func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch) {
        let patch = try NamedList.read(.json(json), type: type)
        return (
            .file(path),
            JSONObjectPatch(patch) { [type, schema] in NamedListFiles(file: try Self.text($0, type, schema)) }
        )
    }

    private static func text(
        _ list: JSONObject, _ type: MetadataType, _ schema: DocumentSchema?
    ) throws(MetadataFault) -> [UInt8] {
        let text = JSONWriter.pretty(.object(list))
        try schema?.check(text, "\(type): the list")
        return text
    }
}
