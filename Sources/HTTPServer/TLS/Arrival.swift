internal import CGnuTLS
internal import CLinux
// For the constants of <sys/socket.h>: the C library's module for static executables has only some of them.
internal import CMicroHTTPD
internal import Glibc

/// A connection to a port with TLS whose handshake is not done. Used by one thread.
final class Arrival {
    /// What it waits for.
    enum Progress {
        case reads, writes
        /// The handshake is done; the session is the caller's.
        case done(session: OpaquePointer)
        case ended
    }

    private enum Stage {
        /// Nothing has come yet.
        case silent
        /// The identity lives as long as the handshake uses it.
        case handshake(session: OpaquePointer, identity: TLSIdentity)
        /// The rest of the answer to plain HTTP.
        case refusal(ArraySlice<UInt8>)
        /// What the client still sends is discarded: closing a connection with unread bytes resets it, and the client
        /// may lose the answer (tcp(7)).
        case refused(discarded: Int)
    }

    let socket: Int32
    /// The client's address, if connections are limited by it.
    let address: String?
    /// When it is given up, nanoseconds, monotonic.
    private(set) var deadline: UInt64
    /// The events that its socket is watched for.
    var wish = CLINUX_READABLE
    private var stage = Stage.silent

    /// The first byte of a TLS connection: the type of a handshake's records (RFC 8446 section 5.1).
    private static let handshakeRecord: UInt8 = 22
    /// How long a refused client may take to read the answer and to close, nanoseconds.
    private static let farewell: UInt64 = 2_000_000_000

    init(_ socket: Int32, from address: String?, deadline: UInt64) {
        (self.socket, self.address, self.deadline) = (socket, address, deadline)
    }

    /// Does whatever is possible without waiting.
    /// - Parameters:
    ///   - limit: bytes that are read and discarded after a refusal
    ///   - refusal: makes the answer to plain HTTP
    func advance(
        with credentials: TLSCredentials, limit: Int, refusal: () -> [UInt8], now: UInt64
    ) -> Progress {
        switch stage {
        case .silent:
            var first: UInt8 = 0
            let count = recv(socket, &first, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR { return .reads }
            guard count > 0 else { return .ended }
            if first == Self.handshakeRecord {
                let identity = credentials.current
                guard let session = cgnutls_session_begin(identity.pointer, socket) else { return .ended }
                stage = .handshake(session: session, identity: identity)
                return shakeHands(session)
            }
            stage = .refusal(refusal()[...])
            deadline = min(deadline, now + Self.farewell)
            return refuse(limit)
        case .handshake(let session, _): return shakeHands(session)
        case .refusal, .refused: return refuse(limit)
        }
    }

    /// Frees the session of a handshake that is not done.
    func endSession() {
        if case .handshake(let session, _) = stage { cgnutls_session_end(session) }
        stage = .silent
    }

    private func shakeHands(_ session: OpaquePointer) -> Progress {
        switch cgnutls_handshake(session) {
        case CGNUTLS_DONE:
            stage = .silent
            return .done(session: session)
        case CGNUTLS_READS: return .reads
        case CGNUTLS_WRITES: return .writes
        default: return .ended
        }
    }

    /// Sends the answer to plain HTTP, and then discards what the client sends. It uses the raw socket: this connection
    /// was never handed to libmicrohttpd.
    private func refuse(_ limit: Int) -> Progress {
        if case .refusal(var rest) = stage {
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes {
                    send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                }
                if sent < 0, errno == EAGAIN || errno == EINTR { break }
                guard sent > 0 else { return .ended }
                rest = rest.dropFirst(sent)
            }
            stage = .refusal(rest)
            guard rest.isEmpty else { return .writes }
            shutdown(socket, Int32(SHUT_WR))
            stage = .refused(discarded: 0)
        }
        guard case .refused(var discarded) = stage else { return .ended }
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while discarded <= limit {
            let count = recv(socket, &part, part.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN || errno == EINTR {
                stage = .refused(discarded: discarded)
                return .reads
            }
            guard count > 0 else { return .ended }
            discarded += count
        }
        return .ended
    }
}
