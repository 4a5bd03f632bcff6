package import LocalFiles
package import RunMetadata
package import RunStore

/// What turns a request body of one type into changes of a run's data directory. Standard types and custom ones alike are
/// writers; `WriterRegistry` is the one list of them.
package protocol MetadataWriter: Sendable {
    /// The type it writes.
    var type: MetadataType { get }

    /// What it takes and what becomes of it, in a sentence.
    var summary: String { get }

    /// The forms of body that it takes.
    var forms: [BodyForm] { get }

    /// The media types that it takes in the form `raw`, such as `image/png` or `image/*`; empty: any.
    var rawTypes: [String] { get }

    /// Bytes of the largest body; nil: what the server's settings say.
    var limit: Int? { get }

    /// Whether it looks at more of the request than its target and the fields of its query.
    var readsRequest: Bool { get }

    /// The fields that the query of a request may have; nil: any.
    var queryFields: Set<String>? { get }

    /// Turns a body into changes. May block where `forms` says that the body comes as files.
    func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange]

    /// What `GET` answers with; nil where the type cannot be read back.
    var document: StoredDocument? { get }
}

extension MetadataWriter {
    package var rawTypes: [String] { [] }
    package var limit: Int? { nil }
    package var readsRequest: Bool { false }
    package var queryFields: Set<String>? { readsRequest ? nil : [] }

    /// The media types that it takes, for people to read.
    package var accepts: [String] {
        forms.contains(.raw) ? (rawTypes.isEmpty ? ["*/*"] : rawTypes) : forms.flatMap(\.mediaTypes)
    }
}

/// A writer that takes as long as it takes: it runs beside the server's own work, a few at a time, and for one run one after
/// the other.
package protocol SlowWriter: MetadataWriter {}

/// A writer that takes archives.
package protocol ArchiveWriting: MetadataWriter {
    /// An archive begins to come: what is done with it meanwhile; nil where that has to wait until all of it is there.
    func receive(_ file: StagingFile, beginning: [UInt8]) -> (any ArchiveReception)?
}

/// What a writer does with an archive while it comes.
package protocol ArchiveReception: Sendable {
    /// Why the archive is refused, as far as it has come; nil where nothing is wrong with it yet.
    var failure: (any Error)? { get }
}

/// A writer whose document can be merged into.
package protocol PatchableWriter: MetadataWriter {
    /// Turns a merge patch (RFC 7396) into the document to patch and the patch.
    func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch)
}
