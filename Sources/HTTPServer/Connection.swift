internal import CMicroHTTPD
internal import Glibc

/// A client's connection, from its acceptance to its end. Used by the polling thread, but for `presence`.
final class Connection {
    /// libmicrohttpd's name for it.
    let handle: OpaquePointer
    let socket: Int32
    /// Whether its bytes are those of a TLS session.
    let isEncrypted: Bool
    unowned let server: HTTPServer
    let presence: ClientPresence
    /// The request that is being read or answered; nil between requests, and while a head is being read.
    private(set) var exchange: HTTPExchange?
    /// Bytes of the target of the request whose head is being read.
    var targetLength = 0

    // What the watch keeps.

    var hadRequest = false
    var bytesReceived: UInt64?
    var headBegan: UInt64?

    init(_ handle: OpaquePointer, server: HTTPServer) {
        self.handle = handle
        self.server = server
        socket = cmhd_connection_socket(handle)
        isEncrypted = cmhd_is_encrypted(handle)
        presence = ClientPresence(socket: socket, patience: server.limits.halfClosedSeconds)
        // Those of the handshake are not of a head.
        if isEncrypted { bytesReceived = cmhd_bytes_received(socket) }
    }

    /// What the library keeps for us with a connection (MHD_CONNECTION_INFO_SOCKET_CONTEXT).
    static func of(_ handle: OpaquePointer) -> Connection? {
        cmhd_socket_context(handle).map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
    }

    /// A request's head is complete.
    func begin(_ exchange: HTTPExchange) {
        self.exchange = exchange
        hadRequest = true
    }

    /// A request has ended: what comes next is another head.
    func rest() {
        exchange = nil
        targetLength = 0
        bytesReceived = nil
        headBegan = nil
    }

    /// Sends bytes past libmicrohttpd without blocking, encrypted if the connection is (`cmhd_send()`).
    /// - Returns: how many were sent; -1 and `errno` on failure. What EAGAIN left has to be tried again unchanged
    func send(_ bytes: UnsafeRawBufferPointer) -> Int { cmhd_send(handle, socket, bytes.baseAddress, bytes.count) }

    /// Ends that direction.
    func endSending() { cmhd_end_sending(handle, socket) }

    /// Whether the client sends no more, and all that it sent was read (recv(2)).
    var hasEnded: Bool {
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    /// Ends the connection in both directions (shutdown(2)). From any thread, while the request lasts.
    func endBothWays() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Lets libmicrohttpd find that the connection has ended.
    func cut() { cmhd_cut(handle, socket) }
}
