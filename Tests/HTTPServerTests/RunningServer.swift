import Foundation
import HTTPServer
import TestSupport

/// A server of its own for one test, on a port of the system's choice; stopped when the value goes.
final class RunningServer: Sendable {
    let server: HTTPServer
    let workers: Workers
    private let isEncrypted: Bool

    private init(server: HTTPServer, workers: Workers, isEncrypted: Bool) {
        self.server = server
        self.workers = workers
        self.isEncrypted = isEncrypted
    }

    static func make(
        _ handler: FixtureHandler = .make(), limits: ServerLimits = ServerLimits(), work: (any GatheredWork)? = nil,
        workers count: Int = 4
    ) throws -> RunningServer {
        try make(serving: handler, limits: limits, work: work, workers: count)
    }

    static func make(
        serving handler: any HTTPHandler, limits: ServerLimits = ServerLimits(), work: (any GatheredWork)? = nil,
        workers count: Int = 4
    ) throws -> RunningServer {
        // As the server does at its start: a client that goes away is an error of a call, not a signal.
        signal(SIGPIPE, SIG_IGN)
        let workers = Workers(threads: count)
        let socket = try ListeningSocket(host: "127.0.0.1", port: 0)
        let isEncrypted = Transport.current == .encrypted
        let server = try HTTPServer(
            sockets: [socket], tls: isEncrypted ? TLSCredentials(try Transport.identity.get()) : nil, limits: limits,
            handler: handler, work: work, workers: workers)
        return RunningServer(server: server, workers: workers, isEncrypted: isEncrypted)
    }

    deinit { stop() }

    func client() throws -> HTTPClient { try HTTPClient(port: server.port, isEncrypted: isEncrypted) }

    /// Ends the server and its threads, so that nothing more can happen.
    func stop() {
        guard !server.isStopping else { return }
        server.stop()
        workers.stop()
    }
}

/// A handler made of closures.
struct FixtureHandler: HTTPHandler {
    var plan: @Sendable (HTTPExchange) -> BodyPlan
    /// What an error's reply says before it.
    var name = ""
    var over: @Sendable (HTTPExchange) -> Void = { _ in }

    /// Without arguments it gathers up to a mebibyte and says the method, the path and the body again.
    /// - Parameters:
    ///   - limit: bytes of a body that is gathered
    ///   - plan: what becomes of a body; nil: it is gathered
    static func make(
        limit: Int = 1 << 20, plan: @escaping @Sendable (HTTPExchange) -> BodyPlan? = { _ in nil },
        answer: @escaping @Sendable (HTTPExchange) -> Void = { $0.respond(.echo($0)) }
    ) -> FixtureHandler {
        FixtureHandler { plan($0) ?? .collect(limit: limit, then: answer) }
    }

    /// Streams every body to one sink.
    static func streaming(to sink: RecordingSink, limit: Int = 1 << 30) -> FixtureHandler {
        .make(plan: { $0.method == .get ? nil : .stream(sink, limit: limit) })
    }

    func accept(_ exchange: HTTPExchange) -> BodyPlan { plan(exchange) }
    func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse {
        HTTPResponse(
            status: (error as? HTTPFault)?.status ?? 403, type: "text/plain", body: Array("\(name)\(error)".utf8),
            headers: [("X-Fault-Of", id.description)])
    }
    func completed(_ exchange: HTTPExchange) { over(exchange) }
}

extension HTTPResponse {
    static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, type: "text/plain", body: Array(text.utf8))
    }

    static func echo(_ exchange: HTTPExchange) -> HTTPResponse {
        let head = "\(exchange.method.name) \(String(decoding: exchange.path, as: UTF8.self)) "
        return HTTPResponse(status: 200, type: "text/plain", body: Array(head.utf8) + exchange.body)
    }
}

/// Something that one thread says once and another one waits for, 20 seconds at most.
final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func send() { semaphore.signal() }
    func wait() -> Bool { semaphore.wait(timeout: .now() + 20) == .success }
}

/// Bytes in which every misplaced part shows.
func pattern(_ count: Int) -> [UInt8] {
    // Repeated after a prime number of bytes, so that no piece of usual size looks like another one.
    let once = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + once.count)
    while bytes.count < count { bytes += once }
    return Array(bytes.prefix(count))
}

/// A body in chunks of one size (RFC 9112 section 7.1), ended by a chunk of size 0 and trailer fields.
func chunked(_ body: [UInt8], size: Int, trailers: String = "") -> [UInt8] {
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: body.count, by: size) {
        let part = body[start..<min(start + size, body.count)]
        bytes += Array("\(String(part.count, radix: 16))\r\n".utf8) + part + Array("\r\n".utf8)
    }
    return bytes + Array("0\r\n\(trailers)\r\n".utf8)
}

/// A request's head, ended.
func head(_ lines: String...) -> [UInt8] {
    Array((lines + ["Host: localhost", "", ""]).joined(separator: "\r\n").utf8)
}

/// Whether large values are equal. (A failed `==` inside `#expect` would look for all that differs, and take hours.)
func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool { one == other }
