internal import CLinux
internal import Glibc
internal import LocalFiles
package import RunMetadata
package import RunStore
internal import Threads

/// A run that is being imported into a runs directory: assembled in a hidden folder, synced, and put in place by one
/// rename. Until then nothing is visible, and after a failure nothing is left.
///
/// A server may own the runs directory meanwhile; to it, the run is a directory made by another program.
package final class RunImport: RunIntake {
    package typealias Refusal = IntakeRefusal

    private let run: RunID
    private let paths: RunPaths
    private let folder: String
    /// Open and locked during the import, so that others know that the folder is in use.
    private let lock: CInt
    /// Each folder's time of change.
    private var folders: [String: Int] = [:]
    private var isDone = false

    /// Begins an import into a runs directory, and removes the remains of unfinished imports.
    package init(of run: RunID, into runs: String) throws {
        self.run = run
        paths = RunPaths(runs: runs)
        try Files.makeDirectories(paths.imports)
        for name in try Files.names(in: paths.imports) { try Self.removeIfLeft("\(paths.imports)/\(name)") }
        folder = "\(paths.imports)/\(getpid())-\(monotonicNanoseconds())"
        try Files.makeDirectory(folder)
        lock = try Files.open(folder, O_RDONLY | O_DIRECTORY)
        guard clinux_lock(lock) == 0 else { throw FileFailure("flock", folder) }
    }

    deinit {
        if !isDone { try? Files.removeTree(folder) }
        close(lock)
    }

    private static func removeIfLeft(_ path: String) throws(FileFailure) {
        guard let lock = try? Files.open(path, O_RDONLY | O_DIRECTORY) else { return }
        defer { close(lock) }
        if clinux_lock(lock) == 0 { try Files.removeTree(path) }
    }

    package func addFolder(_ path: String, modified: Int) throws {
        try Files.makeDirectories("\(folder)/\(path)")
        folders[path] = modified
    }

    package func addFile(
        _ path: String, mode: UInt32, modified: Int,
        _ content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let file = "\(folder)/\(path)"
        if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) {
            try Files.makeDirectories("\(folder)/\(path[..<slash])")
        }
        let descriptor = try Files.open(file, O_WRONLY | O_CREAT | O_EXCL, mode: mode_t(mode & 0o777 | 0o600))
        defer { close(descriptor) }
        var size = 0
        try content { part in
            try Files.write(part, to: descriptor, at: size, path: path)
            size += part.count
        }
        let time = timespec(tv_sec: modified, tv_nsec: 0)
        futimens(descriptor, [time, time])
        try Files.sync(descriptor, path: path)
    }

    package func finish(in place: RunPlace) throws -> [String] {
        guard Files.isOwnDirectory("\(folder)/\(RunLayout.dataDirectory)") else { throw Refusal.isNoRun }
        for other in [RunPlace.archived, .pending, .initialised] where other != place {
            guard Files.isDirectory(paths.run(run.description, other)) else { continue }
            throw Refusal.isThere(run, as: other == .archived ? "an archived" : other == .pending ? "a pending" : "a")
        }
        try syncFolders()
        try Files.makeDirectory(paths.container(place))
        let target = paths.run(run.description, place)
        guard clinux_rename_new(folder, target) == 0 else {
            if errno == EEXIST { throw Refusal.isThere(run) }
            throw FileFailure("rename", target)
        }
        isDone = true
        for path in [paths.container(place), paths.runs, paths.imports] { try Files.sync(path) }
        return []
    }

    /// Restores the folders' times, and syncs them, each after its subfolders.
    private func syncFolders() throws(FileFailure) {
        for path in try Files.folders(in: folder).reversed() {
            let place = path.isEmpty ? folder : "\(folder)/\(path)"
            if let modified = folders[path] {
                let time = timespec(tv_sec: modified, tv_nsec: 0)
                utimensat(AT_FDCWD, place, [time, time], 0)
            }
            try Files.sync(place)
        }
    }
}
