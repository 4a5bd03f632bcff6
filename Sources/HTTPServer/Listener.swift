internal import CLinux
internal import CMicroHTTPD
internal import Glibc

/// Accepts connections for libmicrohttpd. Used by the polling thread only.
///
/// libmicrohttpd could accept by itself, but does not recover from a lack of descriptors (0.9.75,
/// `MHD_accept_connection()`). Without any connection, it tries again at once for ever. With some, it waits until one
/// of them ends, though descriptors may have been freed long before. Here the socket is left alone for a moment; the
/// system keeps clients waiting (listen(2)).
final class Listener {
    /// Connections that are accepted in a row before the existing ones get their turn.
    private static let most = 16
    /// How long the socket is left alone if there is no room for a connection, nanoseconds.
    static let pause: UInt64 = 50_000_000
    /// The longest time between two looks for new connections in a loop that never sleeps, nanoseconds.
    private static let busyInterval: UInt64 = 500_000

    private let endpoint: PollingLoop.Endpoint
    private let watch: Int32
    private let limits: ServerLimits
    private let connections: ConnectionWatch
    private let turnedAway: TurnedAway
    private var isWatched = true
    private var lastLook: UInt64 = 0

    /// - Parameters:
    ///   - endpoint: its socket is owned from here on
    ///   - watch: an epoll descriptor that reports waiting clients
    ///   - connections: those that libmicrohttpd has
    ///   - turnedAway: takes the clients above the limits
    init(
        _ endpoint: PollingLoop.Endpoint, watch: Int32, limits: ServerLimits, connections: ConnectionWatch,
        turnedAway: TurnedAway
    ) {
        (self.endpoint, self.watch, self.limits) = (endpoint, watch, limits)
        (self.connections, self.turnedAway) = (connections, turnedAway)
        clinux_watch_more(watch, endpoint.socket)
    }

    /// Whether accepting pauses.
    var isPausing: Bool { !isWatched }

    /// Accepts waiting connections (accept4(2), MHD_add_connection()). If the endpoint uses TLS, their handshakes come
    /// first; those whose handshake is done are handed to libmicrohttpd.
    /// - Parameter isReady: whether some are known to wait
    func accept(isReady: Bool, now: UInt64) {
        var count = connections.count
        if let handshakes = endpoint.handshakes {
            for done in handshakes.take() where cmhd_add_encrypted(endpoint.daemon, done.socket, done.session) {
                count += 1
            }
            count += handshakes.count
        }
        guard isReady || now - lastLook > (isWatched ? Self.busyInterval : Self.pause) else { return }
        lastLook = now
        for open in 0..<Self.most {
            guard count + open < limits.connections else {
                turnedAway.turnAway(from: endpoint.socket, isEncrypted: endpoint.handshakes != nil, now: now)
                return rest()
            }
            let client = cmhd_accept(endpoint.socket)
            switch -client {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN: return resume()
            case 1...: return rest()
            default:
                let address = limits.connectionsPerAddress > 0 ? Connection.address(of: client) : nil
                if hasTooMany(address) {
                    turnedAway.turnAway(client, isEncrypted: endpoint.handshakes != nil, now: now)
                } else if let handshakes = endpoint.handshakes {
                    handshakes.add(client, from: address)
                } else {
                    cmhd_add(endpoint.daemon, client)
                }
            }
        }
        resume()
    }

    /// Whether an address has reached its limit of connections, including those in a handshake.
    private func hasTooMany(_ address: String?) -> Bool {
        guard let address else { return false }
        let arriving = endpoint.handshakes?.count(of: address) ?? 0
        return connections.count(of: address) + arriving >= limits.connectionsPerAddress
    }

    func close() { Glibc.close(endpoint.socket) }

    /// Leaves waiting clients alone.
    func rest() {
        if isWatched { clinux_watch_less(watch, endpoint.socket) }
        isWatched = false
    }

    private func resume() {
        if !isWatched { clinux_watch_more(watch, endpoint.socket) }
        isWatched = true
    }
}
