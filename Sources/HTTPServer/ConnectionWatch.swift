internal import CMicroHTTPD
internal import Glibc

/// Ends connections for which libmicrohttpd (0.9.75) would wait in vain. Used by the polling thread only.
///
/// - Heads that come too slowly. libmicrohttpd's timeout counts from the last byte, so a client that sends one byte now
///   and then would hold its connection for ever. So each connection between requests is checked once a second.
/// - Clients that left in the middle of a request, or closed their sending side right after one. MHD gets no epoll edge
///   if FIN arrived with the last bytes.
final class ConnectionWatch {
    private let limit: UInt64
    /// Checked in every round of the loop.
    let lingering: LingeringSockets
    private var connections: [ObjectIdentifier: Connection] = [:]
    /// Connections by address, if they are limited by it.
    private var counts: [String: Int] = [:]
    private var lastLook: UInt64 = 0

    /// - Parameter seconds: how long a head may take
    init(seconds: Int, lingering: LingeringSockets) {
        limit = UInt64(seconds) * 1_000_000_000
        self.lingering = lingering
    }

    var count: Int { connections.count }

    /// The number of connections from an address.
    func count(of address: String) -> Int { counts[address] ?? 0 }

    func add(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = connection
        if let address = connection.address { counts[address, default: 0] += 1 }
    }

    func remove(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        guard let address = connection.address, let count = counts[address] else { return }
        counts[address] = count == 1 ? nil : count - 1
    }

    /// Checks the lingering sockets, and once a second all connections (`now` in nanoseconds, monotonic). Between two
    /// runs.
    func look(now: UInt64) {
        lingering.look(now: now)
        guard now - lastLook > 1_000_000_000 else { return }
        lastLook = now
        for connection in connections.values {
            if let exchange = connection.exchange {
                if exchange.isSuspended {
                    // Notes when a client closes its sending side.
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
        // A TLS record may also come slowly, before any of its head can be read.
        if !connection.hadRequest, connection.bytesBegan == nil,
            cmhd_bytes_received(connection.socket) > connection.bytesBefore
        {
            connection.bytesBegan = now
        }
        let began = connection.reader.headBegan ?? (connection.hadRequest ? nil : connection.bytesBegan)
        let isSlow = began.map { now > $0 && now - $0 > limit } ?? false
        if isSlow || connection.hasEnded { connection.cut() }
    }

    /// Ends the requests that are not suspended: nobody waits for them any more. Between two runs.
    func cutOff() {
        for connection in connections.values {
            if let exchange = connection.exchange, !exchange.isSuspended { connection.cut() }
        }
    }
}
