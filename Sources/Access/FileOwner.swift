internal import Glibc
internal import LocalFiles

/// For commands that root runs on the directory of a server that runs as another user.
enum FileOwner {
    /// Gives a file that root made to the owner of another file (lchown(2)), so that the server can use it.
    static func give(_ path: String, toOwnerOf other: String) {
        guard geteuid() == 0, let owner = Files.status(other), owner.st_uid != 0 else { return }
        _ = lchown(path, owner.st_uid, owner.st_gid)
    }
}
