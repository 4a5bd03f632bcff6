import CLinux
import Glibc
import LocalFiles
import RunMetadata
import Synchronization

/// The folder for staged files of a server whose runs are elsewhere. Only one process at a time uses it.
final class OwnFolder: Sendable {
    let staging: String
    let uploads: String
    private let lock: Mutex<CInt>

    /// Another server is using the folder.
    struct Taken: Error, CustomStringConvertible {
        let description: String
    }

    /// Makes the folders, and removes files that an earlier server left behind.
    init(runs: String) throws {
        let own = "\(runs)/\(RunLayout.own)"
        (staging, uploads) = ("\(own)/\(RunLayout.Own.staging)", "\(own)/\(RunLayout.Own.uploads)")
        for path in [own, staging, uploads] { try Files.makeDirectories(path) }
        let descriptor = try Files.open("\(own)/\(RunLayout.Own.lock)", O_RDWR | O_CREAT)
        guard clinux_lock(descriptor) == 0 else {
            Glibc.close(descriptor)
            throw Taken(
                description:
                    "the folder \(runs) belongs to another rundir server; stop that one, or choose another --runs")
        }
        lock = Mutex(descriptor)
        try Files.empty(staging)
    }

    deinit { close() }

    func close() {
        let descriptor = lock.withLock { lock in
            defer { lock = -1 }
            return lock
        }
        if descriptor >= 0 { Glibc.close(descriptor) }
    }
}
