internal import CLinux
internal import Glibc
internal import LocalFiles
internal import Synchronization

/// The runs directory that this process owns: its identity, and the lock in it.
///
/// While a server runs, the directory may be removed, moved away or replaced, or its disk unmounted. The server must
/// not create it again, since acknowledged writes would be missing; when the same directory is back, the server
/// continues.
final class RunsOwnership: Sendable {
    let paths: RunPaths
    /// The runs directory and `.rundir`, kept open so that their inode numbers are not reused.
    let runs: CInt
    let own: CInt
    private let lock: Mutex<CInt>
    /// The journal's current file.
    private let segment = Mutex<String?>(nil)

    /// Takes an open lock file, and closes it on deinit.
    init(_ paths: RunPaths, lock: CInt) throws(FileFailure) {
        self.paths = paths
        runs = try Files.open(paths.runs, O_RDONLY | O_DIRECTORY)
        do throws(FileFailure) { own = try Files.open(paths.own, O_RDONLY | O_DIRECTORY) } catch {
            close(runs)
            throw error
        }
        self.lock = Mutex(lock)
    }

    deinit {
        release()
        close(runs)
        close(own)
    }

    /// Gives up the runs directory to other processes.
    func release() {
        let descriptor = lock.withLock { lock in
            defer { lock = -1 }
            return lock
        }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Notes the journal's new file.
    func note(segment path: String) { segment.withLock { $0 = path } }

    /// Why nothing can be stored: the directory at the path is not the one that was opened. Nil if it is. Makes a few
    /// calls of stat(2).
    func fault() -> String? {
        guard let now = Files.status(paths.runs) else {
            return
                "the runs directory is gone; put it back and the server continues, or restart the server to begin with an empty one"
        }
        if !Self.isSame(now, runs) {
            return
                "the runs directory was replaced by another; put the original back, or restart the server"
        }
        let cure = "; put it back, or restart the server"
        guard let now = Files.status(paths.own), Self.isSame(now, own) else {
            return ".rundir in the runs directory is gone or was replaced" + cure
        }
        let held = lock.withLock { $0 }
        if held >= 0 {
            guard let now = Files.status(paths.lock), Self.isSame(now, held) else {
                return ".rundir/lock in the runs directory is gone or was replaced" + cure
            }
        }
        if let segment = segment.withLock({ $0 }), clinux_kind_at(segment, 0) != CLINUX_FILE {
            return "the journal in the runs directory is gone" + cure
        }
        return nil
    }

    private static func isSame(_ status: stat, _ descriptor: CInt) -> Bool {
        let held = Files.status(of: descriptor)
        return status.st_dev == held.st_dev && status.st_ino == held.st_ino
    }

    /// Marks that become suspect when `fault()` has to be called: when the directory moves, or when the lock is
    /// removed, which precedes removing the directory.
    func marks(in watch: NameWatch) -> [NameWatch.Mark] {
        let held = lock.withLock { $0 }
        return [watch.add(folder: runs), watch.add(folder: own), watch.add(held)].compactMap(\.self)
    }
}
