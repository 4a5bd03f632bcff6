import Foundation
import HTTPServer
import TestSupport

/// A client that sends a body from a thread of its own.
final class Upload: Sendable {
    private let done = Signal()

    /// Starts to send.
    /// - Parameters:
    ///   - sent: called with the number of bytes after each piece of 64 KiB
    ///   - reply: called with the reply; nil where none came
    init(
        _ server: RunningServer, _ body: [UInt8], path: String = "/upload",
        sent: @escaping @Sendable (Int) -> Void = { _ in },
        reply: @escaping @Sendable (HTTPClient.Reply?) -> Void = { _ in }
    ) throws {
        Thread.detachNewThread { [done] in
            reply(try? Self.send(body, path, server, sent))
            done.send()
        }
    }

    /// Waits until the reply is here.
    func join() { _ = done.wait() }

    private static func send(
        _ body: [UInt8], _ path: String, _ server: RunningServer, _ sent: (Int) -> Void
    ) throws -> HTTPClient.Reply {
        let client = try server.client()
        try client.write(head("POST \(path) HTTP/1.1", "Content-Length: \(body.count)"))
        for start in stride(from: 0, to: body.count, by: 1 << 16) {
            let end = min(start + 1 << 16, body.count)
            try client.write(Array(body[start..<end]))
            sent(end)
        }
        return try client.read()
    }
}
