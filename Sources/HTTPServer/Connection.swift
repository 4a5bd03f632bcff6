internal import CMicroHTTPD
internal import Glibc

/// A client's connection, from its acceptance to its end. Used by the polling thread only, except `presence` and
/// `endBothWays()`.
final class Connection {
    /// libmicrohttpd's handle.
    let handle: OpaquePointer
    let socket: Int32
    /// Whether it uses TLS.
    let isEncrypted: Bool
    /// The client's address; nil if connections are not limited by address, and for Unix sockets (unix(7)).
    let address: String?
    unowned let server: HTTPServer
    let presence: ClientPresence
    let reader: RequestReader
    /// Whether a reply has ended the connection while its client may still be sending.
    var lingers = false
    /// The request that is being read or answered; nil between requests, and while a head is being read.
    private(set) var exchange: HTTPExchange?
    /// Whether at least one request's head was complete.
    private(set) var hadRequest = false
    /// Bytes that had arrived when it was handed over: those of a TLS handshake.
    let bytesBefore: UInt64
    /// When the watch first saw more bytes than these before the first head (of a TLS record, perhaps), nanoseconds,
    /// monotonic.
    var bytesBegan: UInt64?

    init(_ handle: OpaquePointer, server: HTTPServer) {
        self.handle = handle
        self.server = server
        socket = cmhd_connection_socket(handle)
        isEncrypted = cmhd_is_encrypted(handle)
        address = server.limits.connectionsPerAddress > 0 ? Self.address(of: socket) : nil
        presence = ClientPresence(socket: socket, patience: server.limits.halfClosedSeconds)
        bytesBefore = isEncrypted ? cmhd_bytes_received(socket) : 0
        reader = RequestReader(limits: server.limits, isPlain: !isEncrypted)
    }

    /// The address of a socket's peer (`cmhd_peer_address()`).
    static func address(of socket: Int32) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            guard let start = text.baseAddress else { return nil }
            cmhd_peer_address(socket, start, text.count)
            return start.pointee == 0 ? nil : String(cString: start)
        }
    }

    /// The object that the library keeps with a connection (MHD_CONNECTION_INFO_SOCKET_CONTEXT).
    static func of(_ handle: OpaquePointer) -> Connection? {
        cmhd_socket_context(handle).map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
    }

    /// A request's head is complete.
    func begin(_ exchange: HTTPExchange) {
        self.exchange = exchange
        hadRequest = true
    }

    /// A request has ended; another head comes next.
    func rest() {
        exchange = nil
        reader.restartHeadClock()
    }

    /// Makes libmicrohttpd read through `reader` (`cmhd_set_reader()`).
    /// - Returns: false if that fails
    func beginFiltering() -> Bool { isEncrypted || cmhd_set_reader(socket, Unmanaged.passUnretained(self).toOpaque()) }

    /// The connection is about to be closed.
    func end(now: UInt64) {
        presence.end()
        cmhd_set_reader(socket, nil)
        if lingers { server.lingering.add(copyOf: socket, now: now) }
    }

    /// Sends bytes without libmicrohttpd and without blocking, encrypted if the connection is (`cmhd_send()`).
    /// - Returns: bytes sent; -1 and `errno` on failure. After EAGAIN, try again with the same bytes
    func send(_ bytes: UnsafeRawBufferPointer) -> Int { cmhd_send(handle, socket, bytes.baseAddress, bytes.count) }

    /// Closes the sending side.
    func endSending() { cmhd_end_sending(handle, socket) }

    /// Whether the client has closed its sending side, and all that it sent was read (recv(2)).
    var hasEnded: Bool {
        if reader.hasBytes { return false }
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    /// Ends the connection in both directions (shutdown(2)). From any thread, while the request lasts.
    func endBothWays() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Ends the connection, and makes libmicrohttpd notice (`cmhd_cut()`).
    func cut() { cmhd_cut(handle, socket) }
}
