extension JSONValue {
    /// This value with a JSON Merge Patch applied (RFC 7396 section 2): null removes a member, an object is merged into
    /// the one at its place, anything else replaces.
    ///
    /// Existing names keep their place, new ones are appended in the order of the patch.
    package func merging(patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        return .object((object ?? JSONObject()).merging(patch: changes))
    }
}

extension JSONObject {
    /// This object with a JSON Merge Patch applied (RFC 7396 section 2), as ``JSONValue/merging(patch:)`` does.
    package func merging(patch: JSONObject) -> JSONObject {
        var merged = self
        var removesAny = false
        for change in patch.members {
            if change.value == .null {
                removesAny = removesAny || index(of: change.name) != nil
            } else {
                merged[change.name] = (self[change.name] ?? .null).merging(patch: change.value)
            }
        }
        // All at once: one by one, many removals from a large object would be quadratic.
        if removesAny { merged.removeAll { patch[$0.name] == .null } }
        return merged
    }
}
