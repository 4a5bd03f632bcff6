internal import RunMetadata

/// Files that were written and not synced.
struct TouchedFiles: Sendable {
    /// A file of a run, wherever the run's directory is when it is synced; without a path, the folder itself.
    struct File: Hashable, Sendable {
        let folder: String
        /// In the form of a record.
        let path: String

        /// The file that a record changes, and its folders; empty for a record that changes no file.
        static func all(above record: RedoRecord) -> [File] {
            guard let path = record.path else { return [] }
            var paths = [path]
            while let slash = paths[paths.count - 1].utf8.lastIndex(of: UInt8(ascii: "/")) {
                paths.append(String(paths[paths.count - 1][..<slash]))
            }
            return paths.map { File(folder: record.folder, path: $0) }
        }

        // By bytes: texts that Unicode considers equal can be two names.
        static func == (one: File, other: File) -> Bool {
            one.folder == other.folder && one.path.utf8.elementsEqual(other.path.utf8)
        }
    }

    private(set) var files: Set<File> = []

    /// Files of which only the content has to be synced: their names are durable.
    private(set) var contents: Set<File> = []

    /// Adopted files by their previous names, and the folder of the run that each is in now.
    private(set) var adopted: [File: String] = [:]

    /// Names in the staging folder of the remains of deleted folders: needed until the checkpoint.
    var asides: [String] = []

    /// Sessions whose files were written or removed.
    var sessions: Set<String> = []

    var isEmpty: Bool { files.isEmpty && contents.isEmpty && asides.isEmpty && sessions.isEmpty }

    /// The number of files and folders.
    var count: Int { files.count + contents.count }

    /// The files of some folders.
    func files(of folders: Set<String>) -> TouchedFiles {
        var some = TouchedFiles()
        some.files = files.filter { folders.contains($0.folder) }
        some.contents = contents.filter { folders.contains($0.folder) }
        return some
    }

    /// Whether records of the segment make recovery write a folder's `metrics.json` again: it, or rows that it is made
    /// from, were written.
    func hasView(of folder: String) -> Bool {
        let rows = File(folder: folder, path: DataPath.metricsRows.description)
        return contents.contains(rows) || files.contains(rows)
            || files.contains(File(folder: folder, path: DataPath.metricsFrame.description))
    }

    /// Notes a file that was written.
    /// - Parameter isNamed: whether its name is durable
    mutating func insert(_ folder: String, _ path: String, isNamed: Bool = false) {
        insert(File(folder: folder, path: path), isNamed: isNamed)
    }

    mutating func insert(_ file: File, isNamed: Bool = false) {
        if isNamed { contents.insert(file) } else { files.insert(file) }
    }

    /// Notes that a run has adopted a file of another folder.
    mutating func insert(_ folder: String, _ path: String, from other: String) {
        insert(folder, path)
        adopted[File(folder: other, path: path)] = folder
    }

    /// Those of the files that were adopted later, by their present names.
    /// - Parameter later: the files touched by later frames
    func adopted(in later: [TouchedFiles]) -> [File] {
        let adopted = later.reduce(into: [:]) { $0.merge($1.adopted) { $1 } }
        if adopted.isEmpty { return [] }
        return files.union(contents).compactMap { file in adopted[file].map { File(folder: $0, path: file.path) } }
    }
}
