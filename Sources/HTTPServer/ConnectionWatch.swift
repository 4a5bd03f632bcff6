internal import CMicroHTTPD
internal import Glibc

/// Ends the connections that libmicrohttpd (0.9.75) would wait for in vain. Used by the polling thread only.
///
/// - Heads that come too slowly: its own timeout counts from the last byte that it sees, so a client that sends one now
///   and then would hold its connection for ever. So once a second each connection that is between requests is looked
///   at.
/// - Clients that left in the middle of a request, or ended their side right behind one: it learns of that from an edge
///   of epoll(7), and there is none if the end came along with the last bytes that it read.
final class ConnectionWatch {
    private let limit: UInt64
    /// Looked at as often as the loop goes round.
    let lingering: LingeringSockets
    private var connections: [ObjectIdentifier: Connection] = [:]
    /// How many there are of each address, where they are limited by it.
    private var counts: [String: Int] = [:]
    private var lastLook: UInt64 = 0

    /// - Parameter seconds: how long a head may take
    init(seconds: Int, lingering: LingeringSockets) {
        limit = UInt64(seconds) * 1_000_000_000
        self.lingering = lingering
    }

    var count: Int { connections.count }

    /// How many there are of an address.
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

    /// Looks, if a second has passed since the last time (`now` in nanoseconds, monotonic). Between two runs.
    func look(now: UInt64) {
        lingering.look(now: now)
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
        // A record of TLS may be as slow, before anything of its head can be read.
        if !connection.hadRequest, connection.bytesBegan == nil,
            cmhd_bytes_received(connection.socket) > connection.bytesBefore
        {
            connection.bytesBegan = now
        }
        let began = connection.reader.headBegan ?? (connection.hadRequest ? nil : connection.bytesBegan)
        let isSlow = began.map { now > $0 && now - $0 > limit } ?? false
        if isSlow || connection.hasEnded { connection.cut() }
    }

    /// Ends the requests that are being read: nobody waits for them any more. Between two runs.
    func cutOff() {
        for connection in connections.values {
            if let exchange = connection.exchange, !exchange.isSuspended { connection.cut() }
        }
    }
}
