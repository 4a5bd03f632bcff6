package import LocalFiles
package import RunMetadata
package import RunStore

/// Turns a request body of one type into changes of a run's data directory. Standard and custom types are both writers;
/// `WriterRegistry` lists them.
package protocol MetadataWriter: Sendable {
    /// The type it writes.
    var type: MetadataType { get }

    /// What it accepts and how that is stored, in one sentence.
    var summary: String { get }

    /// The forms of body that it accepts.
    var forms: [BodyForm] { get }

    /// The media types that it accepts in the form `raw`, such as `image/png` or `image/*`; empty: any.
    var rawTypes: [String] { get }

    /// Bytes of the largest body; nil: as the server's settings say.
    var limit: Int? { get }

    /// Whether it reads more of the request than its target and query.
    var readsRequest: Bool { get }

    /// The query fields that a request may have; nil: any.
    var queryFields: Set<String>? { get }

    /// Turns a body into changes. May block if the body comes as files (`forms`).
    func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange]

    /// What `GET` returns; nil if the type cannot be read back.
    var document: StoredDocument? { get }
}

extension MetadataWriter {
    package var rawTypes: [String] { [] }
    package var limit: Int? { nil }
    package var readsRequest: Bool { false }
    package var queryFields: Set<String>? { readsRequest ? nil : [] }

    /// The media types that it accepts, for display.
    package var accepts: [String] {
        forms.contains(.raw) ? (rawTypes.isEmpty ? ["*/*"] : rawTypes) : forms.flatMap(\.mediaTypes)
    }
}

/// A writer that may run for any time. It runs apart from the server's own work: a few at a time, and one at a time for
/// each run.
package protocol SlowWriter: MetadataWriter {}

/// A writer that takes archives.
package protocol ArchiveWriting: MetadataWriter {
    /// Called when an archive begins to arrive; nil if nothing can be done before it is complete.
    func receive(_ file: StagingFile, beginning: [UInt8]) -> (any ArchiveReception)?
}

/// What a writer does with an archive while it arrives.
package protocol ArchiveReception: Sendable {
    /// Why the archive is refused, judged by what has arrived; nil if nothing is wrong so far.
    var failure: (any Error)? { get }
}

/// A writer whose document can be patched.
package protocol PatchableWriter: MetadataWriter {
    /// Turns a merge patch (RFC 7396) into the document to patch and the patch.
    func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch)
}
