internal import CMicroHTTPD
internal import Glibc

/// Closes connections whose request head takes too long: libmicrohttpd's own timeout counts from the last byte, so a client
/// that sends a byte now and then would hold its connection for ever.
///
/// Nothing tells when a head begins. So once a second each connection that is between requests is looked at: bytes that
/// have come without a request having begun are the start of a head. Used by the polling thread only.
final class HeadWatch {
    /// A connection, as long as it is open.
    final class Connection {
        let socket: Int32
        unowned let server: HTTPServer
        let client: ClientPresence
        /// Bytes of the target of the request whose head is being read.
        var targetLength = 0
        /// Whether a request has begun and not ended.
        private(set) var isBusy = false
        fileprivate var hadRequest = false
        fileprivate var bytes: UInt64?
        fileprivate var headBegan: UInt64?

        init(socket: Int32, server: HTTPServer) {
            self.socket = socket
            self.server = server
            client = ClientPresence(socket: socket, patience: server.limits.halfClosedSeconds)
        }

        /// A request's head is complete.
        func begin() {
            isBusy = true
            hadRequest = true
        }

        /// A request has ended: what comes next is another head.
        func rest() {
            isBusy = false
            bytes = nil
            headBegan = nil
        }
    }

    private let limit: UInt64
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var lastLook: UInt64 = 0

    /// - Parameter seconds: how long a head may take
    init(seconds: Int) { limit = UInt64(seconds) * 1_000_000_000 }

    func add(_ connection: Connection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: Connection) { connections[ObjectIdentifier(connection)] = nil }

    /// Looks, if a second has passed since the last time (`now` in nanoseconds, monotonic).
    func look(now: UInt64) {
        guard now - lastLook > 1_000_000_000 else { return }
        lastLook = now
        for connection in connections.values where !connection.isBusy {
            let bytes = cmhd_bytes_received(connection.socket)
            if let known = connection.bytes, bytes > known, connection.headBegan == nil { connection.headBegan = now }
            // The first bytes of the first head may have come before the first look.
            if connection.bytes == nil, bytes > 0, connection.headBegan == nil, !connection.hadRequest {
                connection.headBegan = now
            }
            connection.bytes = bytes
            if let began = connection.headBegan, now - began > limit { shutdown(connection.socket, Int32(SHUT_RDWR)) }
        }
    }
}
