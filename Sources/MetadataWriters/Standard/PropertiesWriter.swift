package import JSON
package import Limits
package import RunMetadata
package import RunStore

/// Writes `properties/<name>`: one text file each, merged by name.
package struct PropertiesWriter: PatchableWriter {
    package let type = MetadataType.properties
    package let summary = "A named list, stored as text, one file each, merged by name; null removes."
    package let forms: [BodyForm] = [.json, .form, .multipart]
    package let document: StoredDocument? = .properties

    private let limit: Limit

    /// - Parameter limit: how many names a request may have
    package init(limit: Limit = NameLimits().properties) { self.limit = limit }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        try Self.files(in: NamedList.read(body, type: type), limit).map { name, file in
            guard let file else { return .remove(.property(name)) }
            return .put(.property(name), file)
        }
    }

    package func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch) {
        let patch = try NamedList.read(.json(json), type: type)
        _ = try Self.files(in: patch, limit)
        return (.properties, JSONObjectPatch(patch) { JSONWriter.pretty(.object($0)) })
    }

    /// The properties of an object: names checked, what stands in their files, nil for null.
    package static func files(
        in object: JSONObject, _ limit: Limit
    ) throws(MetadataFault) -> [(PropertyName, [UInt8]?)] {
        if object.count > limit.most { throw .excess(LimitExceeded(limit), "properties") }
        var files: [(PropertyName, [UInt8]?)] = []
        for member in object.members {
            guard let name = PropertyName(member.name) else {
                throw MetadataFault(
                    .name, "properties: \"\(member.name.shown(atMost: 100))\" is no property name; \(PropertyName.rule)"
                )
            }
            let file = PropertyText.file(of: member.value)
            if let file, file.contains(0) {
                throw .shape(
                    JSONPointer().appending(member.name), "properties: \"\(member.name)\" holds a NUL character")
            }
            files.append((name, file))
        }
        return files
    }
}
