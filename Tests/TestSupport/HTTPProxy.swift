import Glibc
import Threads

/// A proxy before an HTTP server of this machine, which holds requests back and loses replies as it is told, and keeps
/// the heads of requests.
package final class HTTPProxy: Sendable {
    package let port: Int
    private let listener: CInt
    private let state = Monitor(State())

    private struct State: Sendable {
        var heads: [String] = []
        var isHeld: (@Sendable (_ head: String) -> Bool)?
        var isLost: (@Sendable (_ head: String) -> Bool)?
        var sockets: Set<CInt> = []
        var isClosed = false
    }

    /// - Parameter target: the server's port
    package init(to target: Int) throws {
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = Self.withAddress(&address, port: 0) {
            bind(descriptor, $0, size) == 0 && listen(descriptor, 100) == 0
                && getsockname(descriptor, UnsafeMutablePointer(mutating: $0), &size) == 0
        }
        guard isListening else { throw HTTPClient.Failure(description: "no port is free: \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        let state = state
        Thread(named: "proxy") { Self.accept(on: descriptor, to: target, state) }.detach()
    }

    deinit {
        state.changeForAll { state in
            state.isClosed = true
            for socket in state.sockets { shutdown(socket, CInt(SHUT_RDWR)) }
        }
        shutdown(listener, CInt(SHUT_RDWR))
    }

    /// The address with which clients find it.
    package var endpoint: String { "http://127.0.0.1:\(port)" }

    /// The heads of the requests that have come, also of those that are held back.
    package var heads: [String] { state.withLock(\.heads) }

    /// Passes nothing more on of requests whose head is such a one.
    package func hold(_ isHeld: @escaping @Sendable (_ head: String) -> Bool = { _ in true }) {
        state.withLock { $0.isHeld = isHeld }
    }

    /// Passes on what was held back.
    package func release() { state.changeForAll { $0.isHeld = nil } }

    /// Ends the connection instead of passing the reply on to the next request whose head is such a one.
    package func loseReply(_ isLost: @escaping @Sendable (_ head: String) -> Bool) {
        state.withLock { $0.isLost = isLost }
    }

    // MARK: Threads

    private static func withAddress<Result>(
        _ address: inout sockaddr_in, port: Int, _ body: (UnsafePointer<sockaddr>) -> Result
    ) -> Result {
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }

    private static func accept(on listener: CInt, to port: Int, _ state: Monitor<State>) {
        defer { close(listener) }
        while true {
            let client = Glibc.accept(listener, nil, nil)
            if client < 0 { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            let server = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            let isConnected = withAddress(&address, port: port) {
                connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
            let isOpen = state.withLock { state in
                if !state.isClosed, isConnected { state.sockets.formUnion([client, server]) }
                return !state.isClosed && isConnected
            }
            if !isOpen {
                for socket in [client, server] { close(socket) }
                continue
            }
            // Both threads hold the sockets, which are closed when both have ended.
            let link = Link(client, server, state)
            Thread(named: "proxy") { link.passRequests() }.detach()
            Thread(named: "proxy") { link.passReplies() }.detach()
        }
    }

    /// A connection and the one to the server behind it.
    private final class Link: Sendable {
        private let client: CInt
        private let server: CInt
        private let state: Monitor<State>
        private let losesReply = Monitor(false)

        init(_ client: CInt, _ server: CInt, _ state: Monitor<State>) {
            (self.client, self.server, self.state) = (client, server, state)
        }

        deinit {
            state.withLock { $0.sockets.subtract([client, server]) }
            for socket in [client, server] { close(socket) }
        }

        func passRequests() {
            var head = ""
            pass(from: client, to: server) { part in
                if let found = Self.head(part) {
                    head = found
                    let loses = state.withLock { state in
                        state.heads.append(head)
                        let loses = state.isLost?(head) ?? false
                        if loses { state.isLost = nil }
                        return loses
                    }
                    losesReply.withLock { $0 = loses }
                }
                state.wait { [head] state in state.isClosed || state.isHeld?(head) != true ? () : nil }
                return true
            }
        }

        func passReplies() { pass(from: server, to: client) { _ in losesReply.withLock { !$0 } } }

        /// The head of a request that begins with these bytes; nil if none does.
        private static func head(_ part: ArraySlice<UInt8>) -> String? {
            let start = String(decoding: part.prefix(8), as: UTF8.self)
            guard ["GET /", "HEAD /", "PUT /", "POST /", "DELETE /"].contains(where: { start.hasPrefix($0) }) else {
                return nil
            }
            let text = String(decoding: part.prefix(4096), as: UTF8.self)
            return text.firstRange(of: "\r\n\r\n").map { String(text[..<$0.lowerBound]) }
        }

        /// - Parameter isPassed: whether a part is passed on; else the connection ends
        private func pass(from: CInt, to: CInt, _ isPassed: (ArraySlice<UInt8>) -> Bool) {
            defer { for socket in [client, server] { shutdown(socket, CInt(SHUT_RDWR)) } }
            var buffer = [UInt8](repeating: 0, count: 256 << 10)
            while true {
                let count = recv(from, &buffer, buffer.count, 0)
                if count <= 0 || !isPassed(buffer[..<count]) { return }
                var done = 0
                while done < count {
                    let sent = buffer.withUnsafeBytes {
                        send(to, $0.baseAddress! + done, count - done, CInt(MSG_NOSIGNAL))
                    }
                    if sent <= 0 { return }
                    done += sent
                }
            }
        }
    }
}
