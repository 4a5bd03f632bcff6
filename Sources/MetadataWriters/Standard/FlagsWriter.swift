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

    /// - Parameter limit: how many names a request may have
    package init(limit: Limit = NameLimits().columns) { self.limit = limit }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        [.put(.flags, try Self.document(sent: NamedList.read(body, type: type), limit))]
    }

    package func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch) {
        let patch = try NamedList.read(.json(json), type: type)
        try NamedList.check(patch, type: type, limit)
        return (.file(.flags), JSONObjectPatch(patch) { try Self.document(from: $0) })
    }

    /// The text of `flags.json` for flags that were sent.
    package static func document(sent flags: JSONObject, _ limit: Limit) throws -> [UInt8] {
        try NamedList.check(flags, type: .flags, limit)
        return try document(from: flags)
    }

    /// The text of `flags.json`.
    package static func document(from flags: JSONObject) throws -> [UInt8] {
        if flags["" as String] != nil { throw MetadataFault.shape(JSONPointer(), "flags: a flag has the empty name") }
        return JSONWriter.pretty(.object(withoutEmptyValues(flags)))
    }

    /// Leaves out `null`, `[]` and `{}`, each of which as a flag breaks `ls_runs()` for all runs. In its listing a flag
    /// that is not there is NA, which is what null means.
    static func withoutEmptyValues(_ flags: JSONObject) -> JSONObject {
        JSONObject(
            flags.members.compactMap { member in
                switch member.value {
                case .null: return nil
                case .array(let elements): return elements.isEmpty ? nil : (member.name, member.value)
                case .object(let object):
                    let rest = withoutEmptyValues(object)
                    return rest.isEmpty ? nil : (member.name, .object(rest))
                default: return (member.name, member.value)
                }
            })
    }
}
