internal import CMicroHTTPD
internal import Glibc

/// Turns away clients above the limit of connections: they get 503 at once, instead of waiting without an answer.
///
/// A client on a TLS port gets no reply: its connection ends. Used by the polling thread only; never blocks.
struct TurnedAway {
    /// The most clients that are turned away in a row.
    private static let most = 32

    /// Makes the reply, as bytes on the wire.
    let reply: () -> [UInt8]
    /// Keeps their connections open for a while, so that they see the reply.
    let lingering: LingeringSockets

    /// Accepts waiting clients (accept4(2)), answers and closes.
    func turnAway(from socket: Int32, isEncrypted: Bool, now: UInt64) {
        for _ in 0..<Self.most {
            let client = cmhd_accept(socket)
            if client < 0 { return }
            turnAway(client, isEncrypted: isEncrypted, now: now)
        }
    }

    /// Answers an accepted client, and closes. It uses the raw socket: this connection was never handed to
    /// libmicrohttpd.
    func turnAway(_ client: Int32, isEncrypted: Bool, now: UInt64) {
        if isEncrypted {
            close(client)
            return
        }
        // A new socket's buffer has room for the reply.
        _ = reply().withUnsafeBytes {
            send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        lingering.add(client, now: now)
    }
}
