internal import LocalFiles
package import RunMetadata
package import RunStore

/// Stores the body as a file, unchanged.
package struct FileWriter: MetadataWriter {
    package let type: MetadataType
    package let summary: String
    package let forms: [BodyForm] = [.raw]
    package let rawTypes: [String]
    package let limit: Int?
    let path: PathTemplate

    package var readsRequest: Bool { path.fixed == nil }

    package var document: StoredDocument? {
        if let fixed = path.fixed { return .file(fixed, mediaType: rawTypes.first ?? "application/octet-stream") }
        return path.folder.map { .folder($0) }
    }

    package func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange] {
        guard case .raw(let file) = body else {
            throw MetadataFault(.contentType(allowed: rawTypes), "\(type): this form of body cannot be stored")
        }
        let path = try path.path(for: request, type: type)
        try file.finish()
        return [.publish(file, path)]
    }
}
