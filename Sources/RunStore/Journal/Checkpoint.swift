internal import Glibc
internal import RunMetadata

/// Makes durable what a journal segment's frames touched, so that the segment can go.
enum Checkpoint {
    /// Syncs files and the directories that name them (fsync(2)). What is gone is passed over: a later frame removed or
    /// moved it, or someone did by hand.
    static func sync(_ touched: TouchedFiles, _ paths: RunPaths) throws(FileFailure) {
        guard !touched.isEmpty else { return }
        var directories: Set<String> = [paths.runs, paths.pending, paths.sessions]
        if Files.isDirectory(paths.archive) { directories.insert(paths.archive) }
        for file in touched.files {
            guard let place = paths.locate(file.folder) else { continue }
            let data = paths.data(file.folder, place)
            directories.insert(paths.run(file.folder, place))
            directories.insert(data)
            guard !file.path.isEmpty else { continue }
            if let artifact = RecordPath.artifact(file.path) {
                // The file itself was synced before it was published.
                try ArtifactFiles.syncFolders(of: artifact, in: paths.run(file.folder, place))
                continue
            }
            try Files.sync("\(data)/\(file.path)")
            var parent = data
            for component in file.path.split(separator: "/").dropLast() {
                parent += "/\(component)"
                directories.insert(parent)
            }
        }
        for directory in directories { try Files.sync(directory) }
        for session in try Files.names(in: paths.sessions) { try Files.sync("\(paths.sessions)/\(session)") }
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
