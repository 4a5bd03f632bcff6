internal import CMicroHTTPD
internal import Glibc

/// Ends the connections that libmicrohttpd (0.9.75) would wait for in vain. Used by the polling thread only.
///
/// - Heads that come too slowly: its own timeout counts from the last byte, so a client that sends one now and then would
///   hold its connection for ever. Nothing tells when a head begins. So once a second each connection that is between
///   requests is looked at: bytes that have come without a request having begun are the start of a head.
/// - Clients that left in the middle of a request, or ended their side right behind one: it learns of that from an edge of
///   epoll(7), and there is none if the end came along with the last bytes that it read.
/// - Lines of a chunk's size that fill its memory: it asks to be run again at once, for ever, and reads no more.
final class ConnectionWatch {
    private let limit: UInt64
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var lastLook: UInt64 = 0

    /// - Parameter seconds: how long a head may take
    init(seconds: Int) { limit = UInt64(seconds) * 1_000_000_000 }

    var count: Int { connections.count }

    func add(_ connection: Connection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: Connection) { connections[ObjectIdentifier(connection)] = nil }

    /// Looks, if a second has passed since the last time (`now` in nanoseconds, monotonic). Between two runs.
    func look(now: UInt64) {
        guard now - lastLook > 1_000_000_000 else { return }
        lastLook = now
        for connection in connections.values {
            if let exchange = connection.exchange {
                if exchange.isSuspended {
                    // Notes when a client began to send no more.
                    _ = connection.presence.isGone(now: now)
                } else if !exchange.isHandedOver, exchange.status == 0, connection.hasEnded {
                    connection.cut()
                }
            } else {
                lookForHead(connection, now)
            }
        }
    }

    private func lookForHead(_ connection: Connection, _ now: UInt64) {
        let bytes = cmhd_bytes_received(connection.socket)
        if let known = connection.bytesReceived, bytes > known, connection.headBegan == nil {
            connection.headBegan = now
        }
        // The first bytes of the first head may have come before the first look.
        if connection.bytesReceived == nil, bytes > 0, connection.headBegan == nil,
            !connection.hadRequest
        {
            connection.headBegan = now
        }
        // The bytes of a socket of this machine's own are not counted. There, a head is seen once its first line is whole.
        if connection.targetLength > 0, connection.headBegan == nil { connection.headBegan = now }
        connection.bytesReceived = bytes
        let isSlow = connection.headBegan.map { now - $0 > limit } ?? false
        if isSlow || connection.hasEnded { connection.cut() }
    }

    /// Ends the requests that are being read: nobody waits for them any more. Between two runs.
    func cutOff() {
        for connection in connections.values {
            if let exchange = connection.exchange, !exchange.isSuspended { connection.cut() }
        }
    }

    /// Ends the requests whose chunk sizes can never be read. To be called where libmicrohttpd asked to be run again for many
    /// times in a row. Between two runs.
    func endWhatCannotGoOn() {
        for connection in connections.values {
            if let exchange = connection.exchange, exchange.isStuck() { exchange.refuseStuck() }
        }
    }
}
