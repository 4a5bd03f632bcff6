// For the constants of <sys/socket.h>: the C library's module for static executables has only some of them.
internal import CMicroHTTPD
internal import Glibc

/// Connections that the server has ended while their clients may still be sending.
///
/// Closing a socket with unread bytes resets the connection (RFC 1122 section 4.2.2.13), and the client may lose a
/// reply that it has not read yet. So the sending side is closed, and what arrives is discarded for a while, until the
/// client closes its side (RFC 9112 section 9.6). Used by the polling thread only.
final class LingeringSockets {
    private struct Entry {
        let socket: Int32
        let until: UInt64
        var left: Int
    }

    /// The most sockets at a time; one more closes the oldest.
    private static let most = 256
    /// How long one lingers, nanoseconds.
    private static let longest: UInt64 = 2_000_000_000
    /// How often all are checked, nanoseconds.
    static let interval: UInt64 = 50_000_000

    private var entries: [Entry] = []
    private var lastLook: UInt64 = 0
    /// The most bytes that are discarded per socket.
    private let discarded: Int

    init(discarded: Int) { self.discarded = discarded }

    var isEmpty: Bool { entries.isEmpty }

    /// Takes a duplicate of a socket that is about to be closed (fcntl(2), F_DUPFD_CLOEXEC). Without a free descriptor,
    /// the socket does not linger.
    func add(copyOf socket: Int32, now: UInt64) {
        let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        if copy >= 0 { add(copy, now: now) }
    }

    /// Takes a socket, and owns it from here on.
    func add(_ socket: Int32, now: UInt64) {
        shutdown(socket, Int32(SHUT_WR))
        var entry = Entry(socket: socket, until: now + Self.longest, left: discarded)
        if entries.count >= Self.most { close(entries.removeFirst().socket) }
        if !Self.goesOn(&entry) { close(socket) } else { entries.append(entry) }
    }

    /// Discards what has arrived, and closes the sockets that are done.
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

    /// Reads what has arrived (recv(2)).
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
