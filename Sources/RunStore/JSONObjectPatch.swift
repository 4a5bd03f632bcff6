package import JSON
package import RunMetadata

/// A merge patch whose root is an object (RFC 7396).
package struct JSONObjectPatch: Sendable {
    package let object: JSONObject
    /// Renders the merged document as its files; throws if the result is not valid for the type.
    package let render: @Sendable (JSONObject) throws -> NamedListFiles
    /// Checks the document before the merge; throws if the patch may not be applied to it.
    package let check: @Sendable (JSONObject) throws -> Void

    package init(
        _ object: JSONObject, check: @escaping @Sendable (JSONObject) throws -> Void = { _ in },
        render: @escaping @Sendable (JSONObject) throws -> NamedListFiles
    ) {
        (self.object, self.check, self.render) = (object, check, render)
    }

    /// Merges the patch into a document.
    /// - Parameter name: the document's, for messages
    /// - Throws: `refused` or `unreadable`, if the result is not valid for the type
    package func merged(
        into document: JSONObject, named name: String = "the document", _ rules: RunRules = RunRules()
    ) throws(StoreError) -> NamedListFiles {
        let merged = document.merging(patch: object)
        try rules.checkColumns(merged.nameCount, before: document.nameCount, of: name)
        do {
            try check(document)
            return try render(merged)
        } catch {
            guard let fault = error as? MetadataFault else { throw .unreadable("\(error)") }
            throw .refused(fault)
        }
    }

    /// What the patch does to properties.
    package var propertyChanges: [DataChange] {
        object.members.compactMap { member in
            PropertyName(member.name).map { name in
                PropertyText.file(of: member.value, name).map { .put(.property(name), $0) } ?? .remove(.property(name))
            }
        }
    }
}
