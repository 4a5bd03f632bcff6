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
        let patch = try Self.checked(NamedList.read(.json(json), type: type), limit)
        return (
            .properties, JSONObjectPatch(patch) { NamedListFiles(file: JSONWriter.pretty(.object($0))) }
        )
    }

    /// The properties of an object, checked, each with what stands in its file, nil for null.
    package static func files(
        in object: JSONObject, _ limit: Limit
    ) throws(MetadataFault) -> [(PropertyName, [UInt8]?)] {
        try checked(object, limit).members.compactMap { member in
            PropertyName(member.name).map { ($0, PropertyText.file(of: member.value, $0)) }
        }
    }

    /// The properties of an object with the values that are stored.
    private static func checked(_ object: JSONObject, _ limit: Limit) throws(MetadataFault) -> JSONObject {
        if object.count > limit.most { throw .excess(LimitExceeded(limit), "properties") }
        var checked = JSONObject()
        for member in object.members {
            guard let name = PropertyName(member.name) else {
                throw MetadataFault(
                    .name, "properties: \"\(member.name.shown(atMost: 100))\" is no property name; \(PropertyName.rule)"
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
        if text.utf8.contains(0) { throw fault("holds a NUL character") }
        guard let typed = TypedProperty(name.description) else { return value }
        // One that is missing is not there: its file, empty or NA, would be the end of `view_run()`.
        if typed == .count, TypedProperty.isMissing(text) || value == .object(JSONObject()) { return .null }
        // What R's `toJSON()` makes of NULL, of which tfruns makes an empty file.
        if typed == .number, value == .object(JSONObject()) { return value }
        guard let stored = typed.stored(text) else {
            throw fault("is \"\(text.shown(atMost: 100))\"; it has to be \(typed.rule)")
        }
        // An empty list stays one: its file is empty, where that of a text has a line.
        return text.isEmpty ? value : .string(stored)
    }
}
