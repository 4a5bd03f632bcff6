internal import Glibc
internal import RunMetadata

/// Makes durable what a journal segment's frames touched, so that the segment can go.
enum Checkpoint {
    /// Syncs files and the directories that name them (fsync(2)).
    /// - Returns: what was not found: it has moved meanwhile, or it is gone, by a later frame or by hand
    @discardableResult
    static func sync(_ touched: TouchedFiles, _ paths: RunPaths) throws(FileFailure) -> TouchedFiles {
        var missed = TouchedFiles()
        guard !touched.isEmpty else { return missed }
        for file in touched.contents {
            guard let place = paths.locate(file.folder),
                try Files.sync("\(paths.data(file.folder, place))/\(file.path)")
            else {
                missed.insert(file)
                continue
            }
        }
        // With the folder of the run that each belongs to.
        var directories: [String: String] = [:]
        var artifacts: [(path: ArtifactPath, run: String, file: TouchedFiles.File)] = []
        for file in touched.files {
            guard let place = paths.locate(file.folder) else {
                missed.insert(file)
                continue
            }
            let (run, data) = (paths.run(file.folder, place), paths.data(file.folder, place))
            directories[run] = file.folder
            directories[data] = file.folder
            guard !file.path.isEmpty else { continue }
            if let artifact = RecordPath.artifact(file.path) {
                // The file itself was synced before it was published.
                artifacts.append((artifact, run, file))
                continue
            }
            let isThere = try Files.sync("\(data)/\(file.path)")
            if !isThere { missed.insert(file) }
            var parent = data
            for component in file.path.split(separator: "/").dropLast() {
                parent += "/\(component)"
                directories[parent] = file.folder
            }
        }
        // From the top down: were a file renamed to a name that is safe, in a directory whose own name is not, a power cut
        // would leave neither name of it.
        for directory in [paths.runs, paths.pending, paths.sessions, paths.archive] { try Files.sync(directory) }
        var moved: Set<String> = []
        for (directory, folder) in directories.sorted(by: { $0.key < $1.key }) {
            let isThere = try Files.sync(directory)
            if !isThere { moved.insert(folder) }
        }
        for artifact in artifacts {
            let isThere = try ArtifactFiles.syncFolders(of: artifact.path, in: artifact.run)
            if !isThere { missed.insert(artifact.file) }
        }
        for file in touched.files where moved.contains(file.folder) { missed.insert(file) }
        for session in try Files.names(in: paths.sessions) { try Files.sync("\(paths.sessions)/\(session)") }
        return missed
    }

    /// Removes a segment whose files are synced, and then what its deletions set aside: as long as the segment is there,
    /// recovery has to see that they were done.
    static func drop(_ segment: Journal.Sealed, _ paths: RunPaths) throws(FileFailure) {
        try Files.remove(segment.path)
        if segment.touched.asides.isEmpty { return }
        try Files.sync(paths.journal)
        for aside in segment.touched.asides { try Files.removeTree("\(paths.staging)/\(aside)") }
    }
}
