package import RunMetadata
package import RunStore

/// Appends to the console output, `properties/output`: bytes as sent, with nothing between requests.
package struct OutputWriter: MetadataWriter {
    package let type = MetadataType.output
    package let summary = "Console output: text, appended as it comes."
    package let forms: [BodyForm] = [.text]
    package let document: StoredDocument? = .file(.output, mediaType: "text/plain; charset=utf-8")

    package init() {}

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        guard case .text(let bytes) = body else {
            throw MetadataFault(.contentType(allowed: BodyForm.text.mediaTypes), "output: send text")
        }
        return [.append(.output, head: [], bytes)]
    }
}
