internal import RunMetadata

/// Files that were written to and not synced.
struct TouchedFiles: Sendable {
    /// A file of a run, wherever the run's directory stands when it is synced; without a path, the folder itself.
    struct File: Hashable, Sendable {
        let folder: String
        /// As a record holds it.
        let path: String

        /// The file that a record changes, and the folders that it is in; none for a record that changes no file.
        static func all(above record: RedoRecord) -> [File] {
            guard let path = record.path else { return [] }
            var paths = [path]
            while let slash = paths[paths.count - 1].utf8.lastIndex(of: UInt8(ascii: "/")) {
                paths.append(String(paths[paths.count - 1][..<slash]))
            }
            return paths.map { File(folder: record.folder, path: $0) }
        }

        // By bytes: what Unicode calls one text can be two names.
        static func == (one: File, other: File) -> Bool {
            one.folder == other.folder && one.path.utf8.elementsEqual(other.path.utf8)
        }
    }

    private(set) var files: Set<File> = []

    /// Files of which bytes were written and the names are known to be safe: the folders that they are in need no sync.
    private(set) var contents: Set<File> = []

    /// Files that runs adopted, as they were called before, and the folder of the run that each is in now.
    private(set) var adopted: [File: String] = [:]

    /// Names in the staging folder of what is left of folders that were deleted: of use until the checkpoint.
    var asides: [String] = []

    /// Sessions whose files were written or removed.
    var sessions: Set<String> = []

    var isEmpty: Bool { files.isEmpty && contents.isEmpty && asides.isEmpty && sessions.isEmpty }

    /// How many files and folders.
    var count: Int { files.count + contents.count }

    /// Those of some folders.
    func files(of folders: Set<String>) -> TouchedFiles {
        var some = TouchedFiles()
        some.files = files.filter { folders.contains($0.folder) }
        some.contents = contents.filter { folders.contains($0.folder) }
        return some
    }

    /// Whether records of the segment make recovery write a folder's `metrics.json` anew: it, or rows that it is made
    /// of, were written.
    func hasView(of folder: String) -> Bool {
        let rows = File(folder: folder, path: DataPath.metricsRows.description)
        return contents.contains(rows) || files.contains(rows)
            || files.contains(File(folder: folder, path: DataPath.metricsFrame.description))
    }

    /// Notes a file that was written.
    /// - Parameter isNamed: whether its name is safe
    mutating func insert(_ folder: String, _ path: String, isNamed: Bool = false) {
        insert(File(folder: folder, path: path), isNamed: isNamed)
    }

    mutating func insert(_ file: File, isNamed: Bool = false) {
        if isNamed { contents.insert(file) } else { files.insert(file) }
    }

    /// Notes that a run has a file that was another folder's.
    mutating func insert(_ folder: String, _ path: String, from other: String) {
        insert(folder, path)
        adopted[File(folder: other, path: path)] = folder
    }

    /// Those of the files that were adopted later, as they are called now.
    /// - Parameter later: what the frames since then touched
    func adopted(in later: [TouchedFiles]) -> [File] {
        let adopted = later.reduce(into: [:]) { $0.merge($1.adopted) { $1 } }
        if adopted.isEmpty { return [] }
        return files.union(contents).compactMap { file in adopted[file].map { File(folder: $0, path: file.path) } }
    }
}
