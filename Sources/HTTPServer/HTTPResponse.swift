internal import CMicroHTTPD
internal import Glibc

/// A reply: status, header fields, body.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// An open descriptor, the number of bytes to send from it, and where they begin. The reply owns the descriptor
        /// and closes it.
        case file(descriptor: Int32, size: Int, offset: Int = 0)
        /// What is written to a stream, sent as it is written. A stream is the body of one reply only.
        case stream(ResponseStream)
    }

    /// The status code, 200 to 599.
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: Body
    /// Whether the connection ends with this reply.
    package var closes: Bool

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: Body = .empty, closes: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.closes = closes
    }

    /// A reply with a body of a media type.
    package init(status: Int, type: String, body: [UInt8], headers: [(name: String, value: String)] = []) {
        self.init(status: status, headers: [("Content-Type", type)] + headers, body: .bytes(body))
    }

    /// A status code's name (MHD_get_reason_phrase_for()).
    package static func reason(_ status: Int) -> String {
        MHD_get_reason_phrase_for(UInt32(status)).map { String(cString: $0) } ?? "Error"
    }

    /// The reply as bytes on the wire (RFC 9112 section 2.1), for when libmicrohttpd cannot send it: it does not take
    /// the reply (`DirectRefusal`), or never had the connection (`TurnedAway`, `Arrival`). Bodies that are files or
    /// streams are left out.
    /// - Parameter now: seconds since 1970
    func serialized(as id: RequestID, at now: Int = time(nil)) -> [UInt8] {
        var content: [UInt8] = []
        if case .bytes(let bytes) = body { content = bytes }
        var head = "HTTP/1.1 \(status) \(HTTPResponse.reason(status))\r\nDate: \(HTTPDate.text(now))\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        head += "\(RequestID.header): \(id)\r\nContent-Length: \(content.count)\r\nConnection: close\r\n\r\n"
        return Array(head.utf8) + content
    }
}

/// A reply to one request, ready to be sent.
final class PreparedResponse: @unchecked Sendable {
    // Sendable: libmicrohttpd counts references to a response under a lock of its own; nothing here changes after init.
    let status: UInt32
    /// Bytes of its head, or a few more.
    let headSize: Int
    /// Nil if there was no memory: MHD_queue_response() then refuses, and the connection is closed.
    let pointer: OpaquePointer?
    private let response: HTTPResponse
    private let id: RequestID

    /// The body if it is a stream; such a reply is sent once.
    var stream: ResponseStream? {
        if case .stream(let stream) = response.body { return stream }
        return nil
    }

    /// Bytes of the body; of a stream, those taken for sending.
    var bodySize: Int {
        switch response.body {
        case .empty: 0
        case .bytes(let bytes): bytes.count
        case .file(_, let size, _): size
        case .stream(let stream): stream.sentBytes
        }
    }

    /// The reply as bytes on the wire, to be sent without libmicrohttpd; it ends the connection.
    var serialized: [UInt8] { response.serialized(as: id) }

    /// Prepares the reply to the request of this id (MHD_create_response_from_buffer(),
    /// MHD_create_response_from_fd_at_offset64(), and for a stream MHD_create_response_from_callback()).
    /// - Parameter isEncrypted: whether it goes over TLS
    init(_ response: HTTPResponse, to id: RequestID, isEncrypted: Bool = false) {
        status = UInt32(response.status)
        headSize = response.headers.reduce(Self.fixedHead) { $0 + Self.size(of: $1) }
        pointer = Self.make(response, to: id, isEncrypted: isEncrypted)
        self.response = response
        self.id = id
    }

    /// Bytes of the status line, of `Request-Id`, and of what libmicrohttpd adds: Date, Connection, Content-Length or
    /// Transfer-Encoding.
    private static let fixedHead = 240

    private static func size(of field: (name: String, value: String)) -> Int {
        field.name.utf8.count + field.value.utf8.count + 4
    }

    /// Removes the longest fields until the head has at most `room` bytes (MHD_del_response_header()), such as a
    /// `Location` or a `Link` as long as the request's target. The reply itself matters more.
    func shorten(to room: Int) {
        var size = headSize
        for field in response.headers.sorted(by: { Self.size(of: $0) > Self.size(of: $1) })
        where size > room {
            MHD_del_response_header(pointer, field.name, field.value)
            size -= Self.size(of: field)
        }
    }

    /// Makes libmicrohttpd's response. The caller releases it with MHD_destroy_response().
    static func make(_ response: HTTPResponse, to id: RequestID, isEncrypted: Bool = false) -> OpaquePointer? {
        let pointer: OpaquePointer?
        switch response.body {
        case .empty:
            pointer = MHD_create_response_from_buffer(0, nil, .RESPMEM_PERSISTENT)
        case .bytes(let bytes):
            pointer = bytes.withUnsafeBytes {
                MHD_create_response_from_buffer(
                    $0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
            }
        case .file(let descriptor, let size, let offset) where isEncrypted:
            pointer = EncryptedFile(descriptor, offset: offset).makeResponse(size: size)
        case .file(let descriptor, let size, let offset):
            pointer = MHD_create_response_from_fd_at_offset64(UInt64(size), descriptor, UInt64(offset))
        case .stream(let stream):
            pointer = stream.makeResponse()
        }
        for (name, value) in response.headers { MHD_add_response_header(pointer, name, value) }
        id.add(to: pointer)
        if response.closes { MHD_add_response_header(pointer, "Connection", "close") }
        return pointer
    }

    deinit { MHD_destroy_response(pointer) }
}
