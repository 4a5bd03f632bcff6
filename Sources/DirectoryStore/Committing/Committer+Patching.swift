internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Merging into documents (RFC 7396).
extension Committer {
    /// Plans a merge patch.
    func planPatch(
        _ document: PatchedDocument, _ patch: JSONObjectPatch, _ target: RunTarget, by sender: String?
    ) throws(StoreError) -> WritePlan {
        let folder = folder(of: target)
        let plan = try begin(folder)
        if folder.place == nil { try pending.add(folder.name, by: sender) }
        plan.goesAlone = true
        switch document {
        case .file(let path):
            let list = try patch.merged(into: try object(path, folder), named: path.description, settings.rules)
            plan.outcome.document = list.exact
            for change in DataChange.put(path, list) { try add(change, folder, to: plan) }
        case .properties:
            for change in patch.propertyChanges { try add(change, folder, to: plan) }
            var merged = JSONObject()
            for (name, text) in try properties(folder) { merged[name] = .string(text) }
            for member in patch.object.members {
                merged[member.name] = PropertyText.text(of: member.value).map { .string($0) }
            }
            plan.outcome.document = JSONWriter.pretty(.object(merged))
            try finishProperties(folder, plan)
        }
        return plan
    }

    /// The largest document that a patch is merged into, in bytes: others wait meanwhile.
    private static let largestDocument = 4 << 20

    /// The object in a JSON file; empty if there is none.
    private func object(_ path: DataPath, _ folder: RunFolder) throws(StoreError) -> JSONObject {
        guard let directory = try directory(of: folder) else { return JSONObject() }
        let sizes = [path, path.sent].compactMap { $0.flatMap { directory.status(RunPath($0))?.st_size } }
        if sizes.contains(where: { $0 > Self.largestDocument }) {
            throw .unreadable(
                "the run's \(path) is over \(Self.largestDocument) bytes, too large to be merged into; write it whole")
        }
        let exact = try storing { () throws(FileFailure) in try directory.openExact(path) }
        guard let exact else { return JSONObject() }
        defer { close(exact) }
        let bytes = try storing { () throws(FileFailure) in try Files.read(exact, path: path.description) }
        if bytes.withUnsafeBytes({ JSONExtent.isCut($0) }) { throw .beingWritten(path) }
        guard let object = try? JSONValue.parse(bytes, nonFinite: .allowed).object else {
            throw .unreadable("the run's \(path) is no JSON object, so nothing can be merged into it; write it whole")
        }
        return object
    }
}
