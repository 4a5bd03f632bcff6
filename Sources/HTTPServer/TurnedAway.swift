internal import CMicroHTTPD
internal import Glibc

/// Turns away the clients above the limit of connections: they get 503 at once, instead of waiting without a word.
///
/// Within TLS a client gets no reply: its connection ends. Used by the polling thread only; never blocks.
struct TurnedAway {
    /// The most that are turned away in a row.
    private static let most = 32

    /// Makes the reply, as bytes on the wire.
    let reply: () -> [UInt8]
    /// Where they go, so that they see the reply.
    let lingering: LingeringSockets

    /// Accepts those that wait (accept4(2)), answers and closes.
    func turnAway(from socket: Int32, isEncrypted: Bool, now: UInt64) {
        for _ in 0..<Self.most {
            let client = cmhd_accept(socket)
            if client < 0 { return }
            turnAway(client, isEncrypted: isEncrypted, now: now)
        }
    }

    /// Answers one that was accepted, and closes.
    func turnAway(_ client: Int32, isEncrypted: Bool, now: UInt64) {
        if isEncrypted {
            close(client)
            return
        }
        // A new socket's buffer has room for it.
        _ = reply().withUnsafeBytes {
            send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        lingering.add(client, now: now)
    }
}
