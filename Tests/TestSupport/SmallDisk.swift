import Glibc

/// A tmpfs of a few megabytes, unmounted when the value goes.
package final class SmallDisk: Sendable {
    /// The file system could not be mounted.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The file that takes the room, beside the runs.
    package static let ballast = "ballast"

    /// Whether this process may mount (mount(2)).
    package static let canBeMade: Bool = (try? SmallDisk(bytes: 1 << 20)) != nil

    private let folder = TemporaryFolder()

    /// Where it is mounted.
    package var path: String { folder.path }

    /// - Parameter inodes: how many files and folders it has room for, its own folder among them; nil: as many as the
    ///   system finds right
    package init(bytes: Int, inodes: Int? = nil) throws {
        let options = "size=\(bytes)" + (inodes.map { ",nr_inodes=\($0)" } ?? "")
        guard mount("tmpfs", folder.path, "tmpfs", 0, options) == 0 else {
            throw Failure(description: "mount: \(String(cString: strerror(errno)))")
        }
    }

    deinit { umount2(folder.path, Int32(MNT_DETACH)) }

    /// Fills it but for so many bytes. What something else takes meanwhile makes it try again: posix_fallocate(3) takes
    /// all or nothing.
    package func fill(leaving rest: Int = 0) {
        let file = open("\(path)/\(Self.ballast)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        defer { close(file) }
        var code: Int32
        repeat {
            var (disk, ballast) = (statvfs(), stat())
            statvfs(path, &disk)
            fstat(file, &ballast)
            let free = Int(disk.f_bfree) * Int(disk.f_frsize) - rest
            code = free > 0 ? posix_fallocate(file, ballast.st_size, off_t(free)) : 0
        } while code == ENOSPC
    }

    /// Lets nobody write any more.
    package func makeReadOnly() throws {
        guard mount(nil, path, nil, UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else {
            throw Failure(description: "mount: \(String(cString: strerror(errno)))")
        }
    }

    /// Takes the ballast away.
    package func makeRoom() { unlink("\(path)/\(Self.ballast)") }
}
