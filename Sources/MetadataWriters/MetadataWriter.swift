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

    /// Turns a body into changes. May block where `forms` says that the body comes as files.
    func changes(from body: MetadataBody) throws -> [DataChange]

    /// What `GET` answers with; nil where the type cannot be read back.
    var document: StoredDocument? { get }
}

/// A writer that takes archives.
package protocol ArchiveWriting: MetadataWriter {
    /// An archive begins to come: what is done with it meanwhile; nil where that has to wait until all of it is there.
    func receive(_ file: StagingFile, beginning: [UInt8]) -> (any ArchiveReception)?
}

/// What a writer does with an archive while it comes.
package protocol ArchiveReception: Sendable {}

/// A writer whose document can be merged into.
package protocol PatchableWriter: MetadataWriter {
    /// Turns a merge patch (RFC 7396) into the document to patch and the patch.
    func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch)
}

/// A form that a body can have.
package enum BodyForm: String, Sendable, CaseIterable {
    case json
    case ndjson
    case csv
    /// `application/x-www-form-urlencoded`, what plain `curl -d` says.
    case form
    case multipart
    /// A tar, tar.gz or zip, or files of a form: the body is not held in memory.
    case archive

    /// The media types of the form, the one to name first.
    package var mediaTypes: [String] {
        switch self {
        case .json: ["application/json"]
        case .ndjson: ["application/x-ndjson", "application/ndjson", "application/jsonl"]
        case .csv: ["text/csv"]
        case .form: ["application/x-www-form-urlencoded"]
        case .multipart: ["multipart/form-data"]
        case .archive:
            [
                "application/gzip", "application/x-tar", "application/zip", "application/x-gzip", "application/x-gtar",
                "application/x-zip-compressed", "application/octet-stream",
            ]
        }
    }
}

/// A body as writers get it. Forms of a browser or of `curl -d` have become JSON by then.
package enum MetadataBody: Sendable {
    case json([UInt8])
    case ndjson([UInt8])
    case csv([UInt8])
    /// An archive that was staged, with what the writer had begun when it started to come.
    case archive(StagingFile, (any ArchiveReception)?)
    /// Files of a form, by the names that they came with.
    case files([UploadedFile])
}

/// A file of a form.
package struct UploadedFile: Sendable {
    package let name: String
    package let file: StagingFile

    package init(name: String, file: StagingFile) {
        self.name = name
        self.file = file
    }
}

/// What a type is read back from.
package enum StoredDocument: Sendable {
    /// A file, with its media type.
    case file(DataPath, mediaType: String)
    /// The folder of properties, as an object.
    case properties
}
