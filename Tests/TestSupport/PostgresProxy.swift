import Foundation
import Glibc
import Synchronization

/// Stands between servers and a database, reached by a socket in a folder of its own: delays what the database says,
/// and does things to the commits of writes.
package final class PostgresProxy: Sendable {
    /// What happens to a commit.
    package enum Fault: CaseIterable, Sendable {
        /// The connection is cut instead of passing the commit on: it does not happen.
        case cutBefore
        /// The connection is cut as soon as the commit has been passed on: it happens, maybe a little later.
        case cutAmid
        /// The connection is cut when the reply has come, which is not passed on: it has happened.
        case cutAfter
        /// The commit happens, and no reply is passed on; the connection stays.
        case silence
    }

    private let folder = TemporaryFolder()
    private let listener: CInt
    private let state: ProxyState

    /// - Parameter server: to which connections lead
    package init(to server: PostgresServer) throws {
        state = ProxyState(target: server.path)
        listener = try ProxyState.socket("\(folder.path)/\(ProxyState.socketName)", bind)
        listen(listener, 100)
        let (listener, state) = (self.listener, self.state)
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { break }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                state.link(client)
            }
            Glibc.close(listener)
        }
    }

    deinit {
        // Ends the thread.
        shutdown(listener, Int32(SHUT_RDWR))
        state.cutAll()
    }

    /// The folder with its socket.
    package var path: String { folder.path }

    /// Has something happen to the next commit of writes, and others to those behind it. Each takes one.
    package func meet(_ faults: [Fault]) { state.faults.withLock { $0 += faults } }

    /// How many of them have not happened yet.
    package var waitingFaults: Int { state.faults.withLock(\.count) }

    /// How often a client has waited for what the database says to something.
    package var roundTrips: Int { state.roundTrips.load(ordering: .relaxed) }

    /// Has each part of what the database says come later, so that replies are late.
    package func delay(seconds: Double) { state.delay.store(UInt32(seconds * 1e6), ordering: .relaxed) }

    /// Cuts all connections, whatever goes through them.
    package func cutAll() { state.cutAll() }

    /// New connections lead to another server, as by an address that moves.
    /// - Parameters:
    ///   - server: nil: nowhere
    ///   - isCutting: whether those that are there are cut
    package func lead(to server: PostgresServer?, isCutting: Bool = true) {
        state.target.withLock { $0 = server?.path ?? "/nowhere" }
        if isCutting { cutAll() }
    }
}

/// What the threads of a proxy share.
private final class ProxyState: Sendable {
    static let socketName = ".s.PGSQL.5432"

    /// The folder of the database's socket.
    let target: Mutex<String>
    let faults = Mutex<[PostgresProxy.Fault]>([])
    /// Microseconds.
    let delay = Atomic<UInt32>(0)
    let roundTrips = Atomic<Int>(0)
    private let links = Mutex<[ObjectIdentifier: ProxyLink]>([:])

    init(target: String) { self.target = Mutex(target) }

    /// A socket that is bound or connected to a path (unix(7)).
    static func socket(
        _ path: String, _ call: (CInt, UnsafePointer<sockaddr>?, socklen_t) -> CInt
    ) throws -> CInt {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let size = MemoryLayout.size(ofValue: address.sun_path)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(size - 1)) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if code == 0 { return descriptor }
        defer { close(descriptor) }
        throw PostgresServer.Failure(description: "\(path): \(String(cString: strerror(errno)))")
    }

    /// Connects a client to the database.
    func link(_ client: CInt) {
        guard let server = try? Self.socket("\(target.withLock(\.self))/\(Self.socketName)", connect) else {
            close(client)
            return
        }
        let link = ProxyLink(client, server, self)
        links.withLock { $0[ObjectIdentifier(link)] = link }
        Thread.detachNewThread { link.passOnRequests() }
        Thread.detachNewThread { [self] in
            link.passOnReplies()
            links.withLock { $0[ObjectIdentifier(link)] = nil }
        }
    }

    func cutAll() { links.withLock { for link in $0.values { link.cut() } } }
}

/// A connection that goes through a proxy: a thread for each direction.
private final class ProxyLink: Sendable {
    private let client: CInt
    private let server: CInt
    private let state: ProxyState
    /// What happens to the commit that is under way.
    private let fault = Mutex<PostgresProxy.Fault?>(nil)

    init(_ client: CInt, _ server: CInt, _ state: ProxyState) {
        (self.client, self.server, self.state) = (client, server, state)
    }

    deinit {
        close(client)
        close(server)
    }

    /// Ends both threads.
    func cut() {
        shutdown(client, Int32(SHUT_RDWR))
        shutdown(server, Int32(SHUT_RDWR))
    }

    func passOnRequests() {
        // The first message has no type.
        var messages = MessageStream(client, typeBytes: 0)
        /// SQL by the names of prepared statements.
        var prepared: [String: String] = [:]
        var isOfWrites = false
        while let message = messages.next() {
            switch message.type {
            case UInt8(ascii: "P"):
                let texts = message.texts
                prepared[texts[0]] = texts[1]
            case UInt8(ascii: "B"):
                let sql = prepared[message.texts[1]] ?? ""
                if sql.contains("INSERT INTO batches") { isOfWrites = true }
                guard sql == "COMMIT", isOfWrites else { break }
                isOfWrites = false
                let next: PostgresProxy.Fault? = state.faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                if next == .cutBefore { return cut() }
                fault.withLock { $0 = next }
            default: break
            }
            if !send(message.bytes, to: server) { break }
            guard message.type == UInt8(ascii: "S") else { continue }
            state.roundTrips.wrappingAdd(1, ordering: .relaxed)
            // A commit is complete with the sync behind it.
            if fault.withLock({ $0 == .cutAmid }) { return cut() }
        }
        cut()
    }

    func passOnReplies() {
        var messages = MessageStream(server, typeBytes: 1)
        while let message = messages.next() {
            if let fault = fault.withLock(\.self) {
                // The commit's reply, with which it is known that it has happened.
                if fault == .cutAfter, message.type == UInt8(ascii: "C"), message.texts[0] == "COMMIT" { break }
                continue
            }
            if messages.isAtItsEnd {
                let delay = state.delay.load(ordering: .relaxed)
                if delay > 0 { usleep(delay) }
            }
            if !send(message.bytes, to: client) { break }
        }
        cut()
    }

    private func send(_ bytes: ArraySlice<UInt8>, to descriptor: CInt) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// The messages that come from one side of a connection (PostgreSQL's chapter "Frontend/Backend Protocol").
private struct MessageStream {
    struct Message {
        /// 0: the first one of a client.
        let type: UInt8
        let bytes: ArraySlice<UInt8>

        /// The first two texts of it, each with a zero behind it.
        var texts: [String] {
            let parts = bytes.dropFirst(5).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            return parts.prefix(2).map { String(decoding: $0, as: UTF8.self) } + ["", ""]
        }
    }

    private let descriptor: CInt
    /// How many bytes a message has before its length.
    private var typeBytes: Int
    private var buffer: ArraySlice<UInt8> = []

    init(_ descriptor: CInt, typeBytes: Int) { (self.descriptor, self.typeBytes) = (descriptor, typeBytes) }

    /// Whether all that has been read has been passed on.
    var isAtItsEnd: Bool { buffer.isEmpty }

    /// The next message; nil at the end.
    mutating func next() -> Message? {
        while true {
            if buffer.count >= typeBytes + 4 {
                let length = buffer.dropFirst(typeBytes).prefix(4).reduce(0) { $0 << 8 | Int($1) }
                if buffer.count >= typeBytes + length {
                    defer {
                        buffer = buffer.dropFirst(typeBytes + length)
                        typeBytes = 1
                    }
                    let type = typeBytes == 0 ? 0 : buffer.first ?? 0
                    return Message(type: type, bytes: buffer.prefix(typeBytes + length))
                }
            }
            var part = [UInt8](repeating: 0, count: 65536)
            let size = part.count
            let count = recv(descriptor, &part, size, 0)
            guard count > 0 else { return nil }
            buffer += part[..<count]
        }
    }
}
