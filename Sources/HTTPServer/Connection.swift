internal import CMicroHTTPD
internal import Glibc

/// A client's connection, from its acceptance to its end. Used by the polling thread, but for `presence`.
final class Connection {
    /// libmicrohttpd's name for it.
    let handle: OpaquePointer
    let socket: Int32
    unowned let server: HTTPServer
    let presence: ClientPresence
    let reader: RequestReader
    /// Whether a reply has ended the connection whose client may still be sending.
    var lingers = false
    /// The request that is being read or answered; nil between requests, and while a head is being read.
    private(set) var exchange: HTTPExchange?
    /// Whether a request's head has been complete.
    private(set) var hadRequest = false
    /// When the watch first saw bytes before the first head (of TLS, perhaps), nanoseconds, monotonic.
    var bytesBegan: UInt64?

    init(_ handle: OpaquePointer, server: HTTPServer) {
        self.handle = handle
        self.server = server
        socket = cmhd_connection_socket(handle)
        presence = ClientPresence(socket: socket, patience: server.limits.halfClosedSeconds)
        reader = RequestReader(limits: server.limits, isPlain: !cmhd_is_encrypted(handle))
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
        reader.restartHeadClock()
    }

    /// Has libmicrohttpd read through `reader` what comes (`cmhd_set_reader()`).
    /// - Returns: false where that cannot be
    func beginFiltering() -> Bool { isEncrypted || cmhd_set_reader(socket, Unmanaged.passUnretained(self).toOpaque()) }

    /// The connection is about to be closed.
    func end(now: UInt64) {
        presence.end()
        cmhd_set_reader(socket, nil)
        if lingers { server.lingering.add(copyOf: socket, now: now) }
    }

    /// Whether its bytes are those of a TLS session.
    var isEncrypted: Bool { cmhd_is_encrypted(handle) }

    /// Whether the client sends no more, and all that it sent was read (recv(2)).
    var hasEnded: Bool {
        if reader.hasBytes { return false }
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    /// Ends the connection in both directions (shutdown(2)). From any thread, while the request lasts.
    func endBothWays() { shutdown(socket, Int32(SHUT_RDWR)) }

    /// Lets libmicrohttpd find that the connection has ended.
    func cut() { cmhd_cut(server.epollDescriptor, handle, socket) }
}
