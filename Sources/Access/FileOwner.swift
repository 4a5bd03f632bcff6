internal import Glibc
internal import LocalFiles

/// Root runs commands on the directory of a server that is another user.
enum FileOwner {
    /// Gives what root made to the owner of another file (lchown(2)), so that the server can use it.
    static func give(_ path: String, toOwnerOf other: String) {
        guard geteuid() == 0, let owner = Files.status(other), owner.st_uid != 0 else { return }
        _ = lchown(path, owner.st_uid, owner.st_gid)
    }
}
