internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Publishes files of a staging folder as metadata of a type.
struct OutputPublication {
    /// The folder, in the staging folder, whose files are published.
    static let folder = DataPath("data")!

    let type: MetadataType
    let store: any RunStore

    /// Syncs the files and lists the changes: one folder if all files are in the folder named after the type, else each
    /// file.
    func changes(_ output: WriterOutput, of staging: StagingFolder, for target: RunTarget) throws -> [DataChange] {
        try staging.sync(Self.folder, output.files)
        if let folder = DataPath(type.description), output.top == [folder.description], !output.files.isEmpty,
            !output.files.contains(folder), let staged = DataPath("\(Self.folder)/\(folder)")
        {
            let there = try store.localMetadata(of: target, in: staging)
            // Read first: the publication then notices any later change of the folder.
            let version = there?.version(of: folder)
            let replaced = version == nil ? nil : there.map { "\($0.path)/\(folder)" }
            return [.publishFolder(try staging.folder(staged, takingOver: replaced), folder, over: version)]
        }
        return output.files.compactMap { path in
            DataPath("\(Self.folder)/\(path)").map { .publish(staging.file($0), path) }
        }
    }
}
