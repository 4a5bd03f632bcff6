internal import Glibc
package import RunMetadata

/// A folder outside of all runs in which a program creates files, until they are published into a run or dropped. It is
/// removed with its remaining contents on deinit.
package final class StagingFolder: Sendable {
    /// The folder's path, for programs.
    package let path: String
    /// The name in the staging folder.
    package let name: String
    private let staging: String
    private let syncFailed: @Sendable (FileFailure) -> Void

    /// - Parameter syncFailed: called when a sync fails
    package init(
        staging: String, name: String, syncFailed: @escaping @Sendable (FileFailure) -> Void = { _ in }
    ) throws(FileFailure) {
        (self.staging, self.name, self.syncFailed) = (staging, name, syncFailed)
        path = "\(staging)/\(name)"
        try Files.makeDirectory(path)
    }

    deinit { try? Files.removeTree(path) }

    /// Makes a folder in it.
    package func makeFolder(_ folder: DataPath) throws(ScratchError) {
        try scratching { () throws(FileFailure) in try Files.makeDirectory("\(path)/\(folder)") }
    }

    /// A file in the folder, to be published. It has to be synced (`sync(_:)`) before.
    /// - Parameter file: its path below this folder
    package func file(_ file: DataPath) -> StagingFile {
        StagingFile(in: self, path: "\(path)/\(file)", name: "\(name)/\(file)")
    }

    /// A folder in the folder, to be published. It has to be synced before.
    /// - Parameters:
    ///   - folder: its path below this folder
    ///   - replaced: the folder in the run that it replaces, if there is one. Files that are not in the new folder are
    ///     linked into it (link(2)), so that nothing is lost.
    package func folder(_ folder: DataPath, takingOver replaced: String?) throws(ScratchError) -> StagedFolder {
        let path = "\(path)/\(folder)"
        if let replaced {
            try scratching { () throws(FileFailure) in try Self.link(replaced, into: path) }
            try syncing { () throws(FileFailure) in try Self.syncFolders(path) }
        }
        guard let status = Files.status(path) else { throw .failed(FileFailure("stat", folder.description)) }
        return StagedFolder(owner: self, name: "\(name)/\(folder)", path: path, inode: UInt64(status.st_ino))
    }

    /// Syncs files and their folders up to the staging folder (fdatasync(2), fsync(2)), so that the journal has to hold
    /// only the publication.
    /// - Parameters:
    ///   - top: a folder below this one
    ///   - files: files below that; each gets the permissions of files in runs
    package func sync(_ top: DataPath, _ files: [DataPath]) throws(ScratchError) {
        try syncing { () throws(FileFailure) in
            for file in files {
                let descriptor = try Files.open("\(path)/\(top)/\(file)", O_RDONLY | O_NOFOLLOW)
                defer { close(descriptor) }
                fchmod(descriptor, 0o644)
                try Files.syncContent(descriptor, path: "staging/\(name)/\(file)")
            }
            try Self.syncFolders("\(path)/\(top)")
            try Files.sync(path)
            try Files.sync(staging)
        }
    }

    /// Runs calls that sync. A sync that failed is never tried again.
    private func syncing(_ body: () throws(FileFailure) -> Void) throws(ScratchError) {
        do throws(FileFailure) { try body() } catch {
            guard error.isSync else { throw .failed(error) }
            syncFailed(error)
            throw .unsynced(error)
        }
    }

    /// Links the files of one folder that another lacks into that.
    private static func link(_ from: String, into folder: String) throws(FileFailure) {
        // Iterative: the folders may be nested as deep as the system allows.
        var folders = [""]
        while let path = folders.popLast() {
            for name in try Files.names(in: from + path) {
                let (old, new) = ("\(from)\(path)/\(name)", "\(folder)\(path)/\(name)")
                if Files.isOwnDirectory(old) {
                    if Files.status(new) == nil { try Files.makeDirectory(new) }
                    if Files.isOwnDirectory(new) { folders.append("\(path)/\(name)") }
                } else if Glibc.link(old, new) != 0, errno != EEXIST, errno != ENOENT {
                    throw FileFailure("link", name)
                }
            }
        }
    }

    private static func syncFolders(_ folder: String) throws(FileFailure) {
        for path in try Files.folders(in: folder).reversed() {
            let place = path.isEmpty ? folder : "\(folder)/\(path)"
            chmod(place, 0o755)
            try Files.sync(place)
        }
    }
}

/// A staged and synced folder, to be published into a run as a whole.
package struct StagedFolder: Sendable {
    /// Keeps the folder until it is published.
    private let owner: StagingFolder
    /// The name in the staging folder.
    package let name: String
    /// Its path, for a store that copies it.
    package let path: String
    package let inode: UInt64

    fileprivate init(owner: StagingFolder, name: String, path: String, inode: UInt64) {
        (self.owner, self.name, self.path, self.inode) = (owner, name, path, inode)
    }
}
