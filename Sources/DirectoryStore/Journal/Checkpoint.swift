internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Makes durable what a journal segment's frames touched, so that the segment can be removed.
enum Checkpoint {
    /// From this many files on, one sync of the whole file system costs less than one for each file: an fsync(2) of a
    /// new file makes the disk write out its cache, and the journal's writer waits for that too.
    private static let many = 256

    /// Syncs files and their directories: each one (fsync(2)), or, if there are many, all at once (syncfs(2)).
    /// - Returns: files that were not found: moved meanwhile, or removed by a later frame or by hand
    @discardableResult
    static func sync(_ touched: TouchedFiles, _ paths: RunPaths) throws(FileFailure) -> TouchedFiles {
        let touched = touched.count > many ? try syncTogether(touched, paths) : touched
        var missed = TouchedFiles()
        guard !touched.isEmpty else { return missed }
        var isClosed = false
        // By run, so that a run's directory is opened once for its files, and once for its folders.
        for (folder, files) in Dictionary(grouping: touched.contents.union(touched.files), by: \.folder) {
            guard let run = try open(folder, paths) else {
                for file in files { missed.insert(file) }
                continue
            }
            // An artifact was synced before it was published.
            for file in files where !file.path.isEmpty && RecordPath.artifact(file.path) == nil {
                guard let path = RunPath.path(record: file.path) else { continue }
                switch try run.sync(path.bytes) {
                case .done: break
                case .missing: missed.insert(file)
                case .closed: isClosed = true
                }
            }
        }
        // Sync parents first. Otherwise a power cut could lose both names of a renamed file.
        for directory in [paths.runs, paths.pending, paths.sessions, paths.archive] { try Files.sync(directory) }
        for (folder, files) in Dictionary(grouping: touched.files, by: \.folder).sorted(by: { $0.key < $1.key }) {
            guard let run = try open(folder, paths) else {
                for file in files { missed.insert(file) }
                continue
            }
            let folders = Dictionary(
                grouping: files.flatMap { file in Self.folders(of: file).map { ($0, file) } }, by: \.0)
            for (path, files) in folders.sorted(by: { $0.key < $1.key }) {
                switch try run.sync(Array(path.utf8)) {
                case .done: break
                case .missing: for (_, file) in files { missed.insert(file) }
                case .closed: isClosed = true
                }
            }
        }
        for session in touched.sessions { try Files.sync("\(paths.sessions)/\(session)") }
        // Files that can no longer be opened are synced with their whole file system.
        if isClosed { try Files.syncFileSystem(at: paths.runs) }
        return missed
    }

    /// Syncs the file system of the runs directory.
    /// - Returns: files on other file systems
    private static func syncTogether(
        _ touched: TouchedFiles, _ paths: RunPaths
    ) throws(FileFailure) -> TouchedFiles {
        try Files.syncFileSystem(at: paths.runs)
        let device = Files.status(paths.runs)?.st_dev
        var folders: Set<String> = []
        for folder in Set((touched.files.map(\.folder) + touched.contents.map(\.folder))) {
            guard let run = try open(folder, paths) else { continue }
            if Files.status(of: run.descriptor).st_dev != device { folders.insert(folder) }
        }
        return touched.files(of: folders)
    }

    /// The run's directory (empty), its data directory, and every folder on the way to a file. Parents sort first.
    private static func folders(of file: TouchedFiles.File) -> [String] {
        var folders = ["", RunLayout.dataDirectory]
        guard let path = RunPath.path(record: file.path) else { return folders }
        for count in path.folders.indices { folders.append(path.prefix(count + 1).description) }
        return folders
    }

    /// A folder's open directory, wherever it is; nil if it is gone.
    private static func open(_ folder: String, _ paths: RunPaths) throws(FileFailure) -> RunDirectory? {
        guard let place = paths.locate(folder) else { return nil }
        do throws(FileFailure) { return try paths.open(folder, place) } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    /// Removes a segment whose files are synced, and then the remains of its deletions: while the segment exists,
    /// recovery needs them to see that the deletions were done.
    static func drop(_ segment: Journal.Sealed, _ paths: RunPaths) throws(FileFailure) {
        try Files.remove(segment.path)
        if segment.touched.asides.isEmpty { return }
        try Files.sync(paths.journal)
        for aside in segment.touched.asides { try Files.removeTree("\(paths.staging)/\(aside)") }
    }
}
