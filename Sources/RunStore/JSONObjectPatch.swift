package import JSON
package import RunMetadata

/// A merge patch whose root is an object (RFC 7396).
package struct JSONObjectPatch: Sendable {
    package let object: JSONObject
    /// Turns the merged document into what its files hold; throws where the result is none that the type takes.
    package let render: @Sendable (JSONObject) throws -> NamedListFiles
    /// Looks at the document before the merge; throws where the patch may not be applied to it.
    package let check: @Sendable (JSONObject) throws -> Void

    package init(
        _ object: JSONObject, check: @escaping @Sendable (JSONObject) throws -> Void = { _ in },
        render: @escaping @Sendable (JSONObject) throws -> NamedListFiles
    ) {
        (self.object, self.check, self.render) = (object, check, render)
    }

    /// Merges the patch into a document.
    /// - Parameter name: the document's, for messages
    /// - Throws: `refused`, or `unreadable`, where the result is none that the type takes
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
