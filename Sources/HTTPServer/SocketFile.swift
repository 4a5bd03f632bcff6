internal import Glibc

/// The file of a Unix socket (unix(7)). A process that ends leaves it behind.
struct SocketFile: Sendable {
    private let path: String
    /// Identifies the file: another server may have replaced it.
    private let identity: [UInt64]

    /// The most bytes of a path, without the zero byte at its end (unix(7)).
    private static let longest = 107

    /// Binds a socket to a path (bind(2)), and sets the file's mode before anyone can connect.
    init(_ path: String, mode: Int, boundTo descriptor: Int32) throws(ListeningSocket.Failure) {
        guard !path.isEmpty, path.utf8.count <= Self.longest else {
            throw ListeningSocket.Failure(
                description: "cannot listen on unix:\(path): a path has to have 1 to \(Self.longest) bytes")
        }
        try Self.removeStale(path)
        guard Self.with(path, { bind(descriptor, $0, $1) }) == 0 else {
            throw ListeningSocket.Failure(description: ListeningSocket.refusal(path))
        }
        self.path = path
        identity = Self.identity(path)
        guard chmod(path, mode_t(mode)) == 0 else {
            let failure = ListeningSocket.Failure(description: ListeningSocket.refusal(path))
            unlink(path)
            throw failure
        }
    }

    /// Removes the file, unless another server has replaced it.
    func remove() {
        if !identity.isEmpty, Self.identity(path) == identity { unlink(path) }
    }

    /// Removes a socket file on which nobody listens any more (connect(2), ECONNREFUSED).
    private static func removeStale(_ path: String) throws(ListeningSocket.Failure) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ListeningSocket.Failure(
                description: "cannot listen on unix:\(path): there is a file of another kind")
        }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(probe) }
        if with(path, { connect(probe, $0, $1) }) == 0 {
            throw ListeningSocket.Failure(
                description: "cannot listen on unix:\(path): another program listens there")
        }
        if errno == ECONNREFUSED { unlink(path) }
    }

    private static func identity(_ path: String) -> [UInt64] {
        var status = stat()
        return lstat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : []
    }

    /// Calls `body` with a path as an address (sockaddr_un).
    private static func with(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
