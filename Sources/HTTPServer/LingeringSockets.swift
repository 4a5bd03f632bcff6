// For the constants of <sys/socket.h>: the C library's module for static executables has only some of them.
internal import CMicroHTTPD
internal import Glibc

/// Connections that the server has ended, and whose clients may still be sending.
///
/// A socket that is closed with bytes unread resets the connection (RFC 1122 section 4.2.2.13), and the client may lose
/// the reply that it has not read yet. So the sending side is shut down, and what comes is thrown away until the client
/// ends its side, for a while (RFC 9112 section 9.6). Used by the polling thread only.
final class LingeringSockets {
    private struct Entry {
        let socket: Int32
        let until: UInt64
        var left: Int
    }

    /// The most at once; another one makes the oldest be closed.
    private static let most = 256
    /// How long one lingers, nanoseconds.
    private static let longest: UInt64 = 2_000_000_000
    /// How often all are looked at, nanoseconds.
    static let interval: UInt64 = 50_000_000

    private var entries: [Entry] = []
    private var lastLook: UInt64 = 0
    /// Bytes that are thrown away of one.
    private let discarded: Int

    init(discarded: Int) { self.discarded = discarded }

    var isEmpty: Bool { entries.isEmpty }

    /// Takes a socket that is about to be closed (fcntl(2), F_DUPFD_CLOEXEC). Without a descriptor for it, it does not
    /// linger.
    func add(copyOf socket: Int32, now: UInt64) {
        let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        if copy >= 0 { add(copy, now: now) }
    }

    /// Takes a socket, which is its own from here on.
    func add(_ socket: Int32, now: UInt64) {
        shutdown(socket, Int32(SHUT_WR))
        var entry = Entry(socket: socket, until: now + Self.longest, left: discarded)
        if entries.count >= Self.most { close(entries.removeFirst().socket) }
        if !Self.goesOn(&entry) { close(socket) } else { entries.append(entry) }
    }

    /// Throws away what has come, and closes those that are done.
    func look(now: UInt64) {
        guard !entries.isEmpty, now - lastLook > Self.interval else { return }
        lastLook = now
        entries = entries.compactMap { entry in
            var entry = entry
            if now < entry.until, Self.goesOn(&entry) { return entry }
            close(entry.socket)
            return nil
        }
    }

    func closeAll() {
        for entry in entries { close(entry.socket) }
        entries = []
    }

    /// Reads what has come (recv(2)).
    /// - Returns: whether more may come
    private static func goesOn(_ entry: inout Entry) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { part in
            while entry.left > 0 {
                let count = recv(entry.socket, part.baseAddress, part.count, Int32(MSG_DONTWAIT))
                if count <= 0 { return count < 0 && (errno == EAGAIN || errno == EINTR) }
                entry.left -= count
            }
            return false
        }
    }
}
