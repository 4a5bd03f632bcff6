package import JSON
package import Limits
package import RunMetadata
package import RunStore

/// Writes `flags.json`: the hyperparameters, replaced as a whole.
package struct FlagsWriter: PatchableWriter {
    package let type = MetadataType.flags
    package let summary = "A named list of hyperparameters; replaces flags.json."
    package let forms: [BodyForm] = [.json, .form, .multipart]
    package let document: StoredDocument? = .file(.flags, mediaType: "application/json")

    private let limit: Limit

    /// - Parameter limit: the most names of a request
    package init(limit: Limit = NameLimits().columns) { self.limit = limit }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        DataChange.put(.flags, try Self.files(of: NamedList.read(body, type: type), limit))
    }

    package func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch) {
        let patch = try NamedList.read(.json(json), type: type)
        try NamedList.check(patch, type: type, limit)
        return (.file(.flags), JSONObjectPatch(patch) { NamedListFiles($0) })
    }

    /// The files of flags that were sent.
    package static func files(of flags: JSONObject, _ limit: Limit) throws(MetadataFault) -> NamedListFiles {
        try NamedList.check(flags, type: .flags, limit)
        return NamedListFiles(flags)
    }
}
