internal import Limits
package import LocalFiles
package import RunMetadata
package import RunStore

/// Unpacks an archive or the files of a form into the data directory, as if an executable had written them there.
package struct FolderWriter: SlowWriter {
    /// What the writers of all folders need.
    package struct Context: Sendable {
        let store: any RunStore
        let scratch: Scratch
        /// Limits of one archive or form.
        let limits: SourceWriter.Limits

        package init(store: any RunStore, scratch: Scratch, limits: SourceWriter.Limits) {
            (self.store, self.scratch, self.limits) = (store, scratch, limits)
        }
    }

    package static let allForms: [BodyForm] = [.archive, .multipart, .form]

    package let type: MetadataType
    package let summary: String
    package let forms: [BodyForm]
    package let limit: Int?
    package let readsRequest = true
    package let queryFields: Set<String>? = []
    private let context: Context

    package var document: StoredDocument? { DataPath(type.description).map { .folder($0) } }

    package init(
        type: MetadataType, summary: String = "A tar, tar.gz or zip, or files of a form, which become the run's.",
        forms: [BodyForm] = Self.allForms, limit: Int? = nil, context: Context
    ) {
        (self.type, self.summary, self.forms, self.limit) = (type, summary, forms, limit)
        self.context = context
    }

    /// The writer of any type that is not registered (`--custom-folders`); nil if a standard type owns its folder.
    package static func ofAnyType(_ context: Context) -> @Sendable (MetadataType) -> (any MetadataWriter)? {
        { type in
            DataPath(type.description)?.isOfStandardType == false ? FolderWriter(type: type, context: context) : nil
        }
    }

    package func changes(from body: MetadataBody, for request: WriteRequest) throws -> [DataChange] {
        let staging = try context.scratch.makeFolder()
        try staging.makeFolder(OutputPublication.folder)
        switch body {
        case .archive(let file, _): try unpack(file, into: staging, request)
        case .files(let files): try copy(files, into: staging)
        case .json, .ndjson, .csv, .text, .raw:
            throw MetadataFault.shape(
                nil, "\(type): send a tar, tar.gz or zip, or files of a form, as in curl -F file=@loss.png")
        }
        // Names and links are checked already; this finds the files of standard types.
        let output: WriterOutput
        do throws(WriterOutput.Fault) {
            output = try WriterOutput("\(staging.path)/\(OutputPublication.folder)", settings: settings)
        } catch {
            throw MetadataFault.shape(nil, "\(type): \(error.reason)")
        }
        if output.files.isEmpty { throw MetadataFault.shape(nil, "\(type): there is no file in it; send at least one") }
        return try OutputPublication(type: type, store: context.store).changes(output, of: staging, for: request.target)
    }

    /// The limits, as those of an executable's output.
    private var settings: ExecutableSettings {
        var settings = ExecutableSettings()
        (settings.maxOutput, settings.maxEntries) = (context.limits.bytes, context.limits.entries)
        return settings
    }

    private func unpack(_ file: StagingFile, into staging: StagingFolder, _ request: WriteRequest) throws {
        let budget = context.limits.budget
        var names = SourceNames(budget: budget, subject: type.description)
        try ArchiveReader.forEachEntry(
            of: .file(file.path), budget: budget, subject: "\(type): the body", isCancelled: request.isCancelled
        ) { entry in
            if entry.isRoot { return }
            guard entry.isFile || entry.isDirectory else {
                throw MetadataFault.shape(
                    nil, "\(type): \"\(entry.path.shown())\" is a link, device or socket; send only files and folders")
            }
            let path = try place(try names.add(entry.path, isFolder: entry.isDirectory))
            if entry.isDirectory { return try staging.makeFolders(path) }
            try staging.makeFile(path) { write in try entry.read(write) }
        }
    }

    private func copy(_ files: [UploadedFile], into staging: StagingFolder) throws {
        let budget = context.limits.budget
        var names = SourceNames(budget: budget, subject: type.description)
        for file in files {
            do throws(LimitExceeded) {
                try budget.take(of: .entries)
                try budget.take(file.size, of: .bytes)
            } catch { throw MetadataFault(.exceeded, "\(type): with \"\(file.name.shown())\" it is \(error)") }
            try staging.makeFile(try place(try names.add(file.name))) { write in
                try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
                    var offset = 0
                    while offset < file.size {
                        let count = file.read(at: offset, into: buffer)
                        guard count > 0 else {
                            throw MetadataFault.shape(
                                nil, "\(type): \"\(file.name.shown())\" cannot be read to its end")
                        }
                        try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                        offset += count
                    }
                }
            }
        }
    }

    /// Where a file or folder goes in the staging folder.
    private func place(_ name: String) throws -> DataPath {
        guard let path = DataPath("\(OutputPublication.folder)/\(name)") else {
            throw MetadataFault.shape(nil, "\(type): \"\(name.shown())\" is not a valid path")
        }
        return path
    }
}
