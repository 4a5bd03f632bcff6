package import RunStore

/// A body as writers get it. Forms of a browser or of `curl -d` have become JSON by then.
package enum MetadataBody: Sendable {
    case json([UInt8])
    case ndjson([UInt8])
    case csv([UInt8])
    /// An archive that was staged, with what the writer had begun when it started to come.
    case archive(StagingFile, (any ArchiveReception)?)
    /// Files of a form, by the names that they came with.
    case files([UploadedFile])
    /// A body as it came.
    case raw(StagingFile)
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
