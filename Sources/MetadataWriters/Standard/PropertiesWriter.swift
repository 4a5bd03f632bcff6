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

    /// - Parameter limit: the most names of a request
    package init(limit: Limit = NameLimits().properties) { self.limit = limit }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        try Self.files(in: NamedList.read(body, type: type), limit).map { name, file in
            guard let file else { return .remove(.property(name)) }
            return .put(.property(name), file)
        }
    }

    package func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch) {
        let patch = try Self.checked(NamedList.read(.json(json), type: type), limit)
        return (
            .properties, JSONObjectPatch(patch) { NamedListFiles(file: JSONWriter.pretty(.object($0))) }
        )
    }

    /// The checked properties of an object, each with the content of its file; nil for null.
    package static func files(
        in object: JSONObject, _ limit: Limit
    ) throws(MetadataFault) -> [(PropertyName, [UInt8]?)] {
        try checked(object, limit).members.compactMap { member in
            PropertyName(member.name).map { ($0, PropertyText.file(of: member.value, $0)) }
        }
    }

    /// The checked properties of an object, with their values as stored.
    private static func checked(_ object: JSONObject, _ limit: Limit) throws(MetadataFault) -> JSONObject {
        if object.count > limit.most { throw .excess(LimitExceeded(limit), "properties") }
        var checked = JSONObject()
        for member in object.members {
            guard let name = PropertyName(member.name) else {
                throw MetadataFault(
                    .name,
                    "properties: \"\(member.name.shown(atMost: 100))\" is not a property name; \(PropertyName.rule)"
                )
            }
            checked[member.name] = try value(member.value, of: name)
        }
        return checked
    }

    private static func value(_ value: JSONValue, of name: PropertyName) throws(MetadataFault) -> JSONValue {
        func fault(_ reason: String) -> MetadataFault {
            .shape(JSONPointer().appending(name.description), "properties: \"\(name)\" \(reason)")
        }
        guard let text = PropertyText.text(of: value) else {
            if name == .start || name == .script {
                throw fault("cannot be removed: ls_runs() and view_run() need it; send another value")
            }
            return value
        }
        if text.utf8.contains(0) { throw fault("has a NUL character; remove it") }
        guard let typed = TypedProperty(name.description) else { return value }
        // A missing count has no file: `view_run()` fails on an empty one or NA.
        if typed == .count, TypedProperty.isMissing(text) || value == .object(JSONObject()) { return .null }
        // R's `toJSON()` writes NULL as `{}`; tfruns writes NULL as an empty file.
        if typed == .number, value == .object(JSONObject()) { return value }
        guard let stored = typed.stored(text) else {
            throw fault("is \"\(text.shown(atMost: 100))\"; it has to be \(typed.rule)")
        }
        // An empty list remains a list: its file is empty, while the file of an empty text has one line.
        return text.isEmpty ? value : .string(stored)
    }
}
