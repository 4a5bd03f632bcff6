internal import CLinux
internal import Glibc
internal import LocalFiles
internal import Synchronization

/// A runs directory that is this process's: which one it is, and the lock in it.
///
/// While a server runs, the directory may be removed, moved away or exchanged for another, or its disk unmounted. Nothing is
/// made anew then, since what was acknowledged is not in it; when the same directory is back, all goes on.
final class RunsOwnership: Sendable {
    let paths: RunPaths
    /// The directory and the server's own in it, held open: so nothing else gets their inode numbers.
    let runs: CInt
    let own: CInt
    private let lock: Mutex<CInt>
    /// The file that the journal is written to.
    private let segment = Mutex<String?>(nil)

    /// Takes an open lock file, and closes it at the end.
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

    /// Another process may have the runs directory from now on.
    func release() {
        let descriptor = lock.withLock { lock in
            defer { lock = -1 }
            return lock
        }
        if descriptor >= 0 { close(descriptor) }
    }

    /// The journal is written to this file from now on.
    func note(segment path: String) { segment.withLock { $0 = path } }

    /// Why nothing can be stored: the directory at the path is not the one that was opened. Nil where it is. Asks the system a
    /// few times (stat(2)).
    func fault() -> String? {
        guard let now = Files.status(paths.runs) else {
            return
                "the runs directory is gone; when it is put back, all goes on; restart the server to begin with an empty one"
        }
        if !Self.isSame(now, runs) {
            return
                "another directory is in the place of the runs directory; put back the one that was there, or restart the server"
        }
        let cure = "; put it back, or restart the server"
        guard let now = Files.status(paths.own), Self.isSame(now, own) else {
            return ".rundir is gone from the runs directory, or is another" + cure
        }
        let held = lock.withLock { $0 }
        if held >= 0 {
            guard let now = Files.status(paths.lock), Self.isSame(now, held) else {
                return ".rundir/lock is gone from the runs directory, or is another" + cure
            }
        }
        if let segment = segment.withLock({ $0 }), clinux_kind_at(segment, 0) != CLINUX_FILE {
            return "the journal is gone from the runs directory" + cure
        }
        return nil
    }

    private static func isSame(_ status: stat, _ descriptor: CInt) -> Bool {
        let held = Files.status(of: descriptor)
        return status.st_dev == held.st_dev && status.st_ino == held.st_ino
    }

    /// Lets a watch tell when it is time to ask `fault()`: when the directory moves, or when the lock goes, as it does before
    /// the directory can.
    func marks(in watch: NameWatch) -> [NameWatch.Mark] {
        let held = lock.withLock { $0 }
        return [watch.add(folder: runs), watch.add(folder: own), watch.add(held)].compactMap(\.self)
    }
}
