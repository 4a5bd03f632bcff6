import CTLSClient
import Glibc

/// An HTTP/1.1 client over a plain or an encrypted connection, which sends what it is told, rubbish too.
package final class HTTPClient {
    /// A reply as it came.
    package struct Reply: Sendable {
        package let status: Int
        /// Names in lower case.
        package let headers: [String: String]
        package let body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The connection failed, or was closed before a reply was complete.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private var descriptor: Int32
    /// The TLS session; nil: a plain connection.
    private var session: OpaquePointer?
    private var buffer: [UInt8] = []
    private let recorder: ExchangeRecorder?

    /// Connects to a port of this machine. Reads wait `timeout` seconds at most.
    /// - Parameters:
    ///   - isEncrypted: whether over TLS, whatever the server's certificate
    ///   - recorder: keeps what `send` sends and gets
    package init(
        port: Int, isEncrypted: Bool = false, timeout: Int = 60, recorder: ExchangeRecorder? = nil
    ) throws {
        self.recorder = recorder
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var time = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            // Closed by deinit: all that the object stores is there.
            throw Failure(description: "connect to port \(port): \(String(cString: strerror(errno)))")
        }
        if isEncrypted {
            session = ctls_connect(descriptor)
            if session == nil { throw Failure(description: "no TLS with port \(port)") }
        }
    }

    deinit {
        if let session { ctls_free(session) }
        if descriptor >= 0 { close(descriptor) }
    }

    /// Sends a request with `Host` and, where there is a body, `Content-Length`; reads the reply.
    package func send(
        _ method: String, _ target: String, type: String? = nil, headers: [(String, String)] = [], body: [UInt8] = []
    ) throws -> Reply {
        try write(Self.request(method, target, type: type, headers: headers, body: body))
        let reply = try read(hasBody: method != "HEAD")
        let fields = (type.map { [("Content-Type", $0)] } ?? []) + headers
        recorder?.record(method, target, headers: fields, body: body, reply)
        return reply
    }

    /// The same with a body of text.
    package func send(
        _ method: String, _ target: String, type: String? = nil, headers: [(String, String)] = [], text: String
    ) throws -> Reply {
        try send(method, target, type: type, headers: headers, body: Array(text.utf8))
    }

    /// A request's bytes.
    package static func request(
        _ method: String, _ target: String, type: String? = nil, headers: [(String, String)] = [], body: [UInt8] = []
    ) -> [UInt8] {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        if let type { head += "Content-Type: \(type)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    /// Writes bytes as they are.
    package func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                let (rest, size) = ($0.baseAddress! + done, bytes.count - done)
                if let session { return ctls_send(session, rest, size) }
                return Glibc.send(descriptor, rest, size, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "send: \(String(cString: strerror(errno)))") }
            done += count
        }
    }

    /// Writes each byte by itself (tcp(7), TCP_NODELAY).
    package func writeByteByByte(_ bytes: [UInt8]) throws {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        for byte in bytes { try write([byte]) }
    }

    /// Sends no more, and still reads (shutdown(2)).
    package func endSending() {
        if let session { ctls_end_sending(session) }
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Has the connection end, whenever it does, so that the server sees an error (RST: socket(7), SO_LINGER of 0).
    package func resetAtTheEnd() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Ends it so now.
    package func reset() {
        resetAtTheEnd()
        close(descriptor)
        descriptor = -1
    }

    /// Reads the next reply; one of 1xx is passed over unless `takesInformational`.
    package func read(hasBody: Bool = true, takesInformational: Bool = false) throws -> Reply {
        let head = try readHead()
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: true)
        let parts = lines.first?.split(separator: " ") ?? []
        guard parts.count >= 2, let status = Int(parts[1]) else {
            throw Failure(description: "no status line: \(head)")
        }
        if (100...199).contains(status), !takesInformational { return try read(hasBody: hasBody) }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers[line[..<colon].lowercased()] = String(value)
        }
        guard hasBody, status != 304, !(100...199).contains(status) else {
            return Reply(status: status, headers: headers, body: [])
        }
        if headers["transfer-encoding"] == "chunked" {
            var body: [UInt8] = []
            while let chunk = try readChunk() { body += chunk }
            return Reply(status: status, headers: headers, body: body)
        }
        return Reply(status: status, headers: headers, body: try take(Int(headers["content-length"] ?? "0") ?? 0))
    }

    /// Reads the next chunk of a chunked body (RFC 9112 section 7.1), whose head was read with `read(hasBody: false)`;
    /// nil at its end.
    package func readChunk() throws -> [UInt8]? {
        var line: [UInt8] = []
        while !line.suffix(2).elementsEqual([13, 10]) { line += try take(1) }
        guard let size = Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16) else {
            throw Failure(description: "no chunk size: \(line)")
        }
        let chunk = try take(size)
        _ = try take(2)
        return size == 0 ? nil : chunk
    }

    /// Whether something has come that was not read.
    package var hasBytes: Bool {
        var byte: UInt8 = 0
        return !buffer.isEmpty || recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    /// Reads reply after reply until the server closes the connection.
    package func readReplies() throws -> [Reply] {
        var replies: [Reply] = []
        while !buffer.isEmpty || !isClosed() { replies.append(try read()) }
        return replies
    }

    /// Reads until the server closes the connection.
    package func readToEnd() throws -> [UInt8] {
        var known = buffer.count
        while !isClosed() {
            if buffer.count == known { try fill() }
            known = buffer.count
        }
        defer { buffer = [] }
        return buffer
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try fill() }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Whether the server has closed the connection, waiting for that as long as reads wait.
    package func isClosed() -> Bool {
        var byte: UInt8 = 0
        if let session {
            // Nothing can be looked at without being taken.
            var part = [UInt8](repeating: 0, count: 65536)
            let count = ctls_receive(session, &part, 65536)
            if count > 0 { buffer += part[..<count] }
            return count == 0 || (count < 0 && errno == ECONNRESET)
        }
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        return count == 0 || (count < 0 && errno == ECONNRESET)
    }

    private func readHead() throws -> String {
        while true {
            if let end = Self.end(of: buffer) {
                let head = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeFirst(end)
                return head
            }
            try fill()
        }
    }

    private static func end(of buffer: [UInt8]) -> Int? {
        guard buffer.count >= 4 else { return nil }
        for index in 0...(buffer.count - 4) where buffer[index..<index + 4].elementsEqual([13, 10, 13, 10]) {
            return index + 4
        }
        return nil
    }

    private func fill() throws {
        var part = [UInt8](repeating: 0, count: 65536)
        let size = part.count
        let count = session.map { ctls_receive($0, &part, size) } ?? recv(descriptor, &part, size, 0)
        guard count > 0 else {
            throw Failure(
                description: count == 0 ? "the connection was closed" : "recv: \(String(cString: strerror(errno)))")
        }
        buffer += part[..<count]
    }
}
