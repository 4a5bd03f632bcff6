import HTTPServer
import Limits
import Synchronization
import TestSupport
import Testing

/// Forms with files, by real requests: the reader takes its boundary from the connection.
@Suite struct MultipartReaderTests {
    @Test func partsComeInOrderWithTheirNames() throws {
        let parts = try read(
            part("lr", "0.1") + part("file", "print()\n", file: "train.py")
                + part("file", "x\r\n--", file: "lib/net.py")
                + part("", "") + end)
        #expect(parts == ["lr|nil|0.1", "file|train.py|print()\n", "file|lib/net.py|x\r\n--", "|nil|"])
    }

    @Test func largeFileComesInPiecesThatJoin() throws {
        let content = pattern(3_000_000)
        let head = "--BB\r\nContent-Disposition: form-data; name=\"f\"; filename=\"big\"\r\n\r\n"
        let body = Array(head.utf8) + content + Array("\r\n--BB--\r\n".utf8)
        let whole = Mutex<[UInt8]>([])
        let server = try RunningServer.make(.reading { piece in whole.withLock { $0 += piece.bytes } })
        let reply = try server.client().send("POST", "/", type: "multipart/form-data; boundary=BB", body: body)
        #expect(reply.status == 200)
        #expect(isSame(whole.withLock { $0 }, content))
    }

    @Test func preambleAndQuotedBoundaryAreTaken() throws {
        let body = "preamble\r\n" + part("a", "1") + end
        #expect(try read(body, type: "multipart/form-data; boundary=\"BB\"") == ["a|nil|1"])
    }

    @Test(arguments: [
        ("x", "boundary=x"), ("x", "boundary=\"x\""), ("BB", "Boundary=BB"), ("BB", "boundary=BB; charset=utf-8"),
        ("-", "boundary=-"), ("B B", "boundary=\"B B\""),
    ])
    func boundaryMayBeWrittenInManyWays(boundary: String, parameter: String) throws {
        let body = (part("a", "1") + part("b", "y\r\n--") + end).replacing("--BB", with: "--" + boundary)
        #expect(try read(body, type: "multipart/form-data; \(parameter)") == ["a|nil|1", "b|nil|y\r\n--"])
    }

    @Test(arguments: [
        "--BB\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1",
        "--BB\r\nContent-Disposition: form-data; name=\"a\"",
        "no form at all",
    ])
    func formThatIsCutShortIsRefused(body: String) throws {
        #expect(try read(body) == ["failure"])
    }

    @Test(arguments: ["text/plain", "multipart/form-data", "multipart/mixed; boundary=BB"])
    func otherContentTypesHaveNoReader(type: String) throws {
        #expect(try read(part("a", "1") + end, type: type) == ["no reader"])
    }

    @Test func whatTheReceiverThrowsComesOut() throws {
        struct Refusal: Error {}
        let server = try RunningServer.make(.reading { _ in throw Refusal() })
        let body = Array((part("a", "1") + end).utf8)
        let reply = try server.client().send("POST", "/", type: "multipart/form-data; boundary=BB", body: body)
        #expect(reply.text == "Refusal()")
    }

    @Test func partsAndBytesOfAllPartsTogetherAreLimited() throws {
        let three = part("a", "12345") + part("b", "12345", file: "f") + part("c", "12345") + end
        func reply(budget: [Limit] = [], fields: [Limit] = []) throws -> String {
            let server = try RunningServer.make(.reading(budget: budget, fields: fields) { _ in })
            return try server.client()
                .send("POST", "/", type: "multipart/form-data; boundary=BB", body: Array(three.utf8)).text
        }
        #expect(try reply(budget: [Limit(.entries, most: 3), Limit(.bytes, most: 15)]) == "read")
        #expect(try reply(budget: [Limit(.entries, most: 2)]) == "over 2 entries")
        #expect(try reply(budget: [Limit(.bytes, most: 14)]) == "over 14 bytes")
        // Fields count with their names, files with theirs alone.
        #expect(try reply(fields: [Limit(.bytes, most: 14)]) == "read")
        #expect(try reply(fields: [Limit(.bytes, most: 13)]) == "over 13 bytes")
    }

    // MARK: Making and reading

    private let end = "--BB--\r\n"

    private func part(_ name: String, _ content: String, file: String? = nil) -> String {
        let fileName = file.map { "; filename=\"\($0)\"" } ?? ""
        return "--BB\r\nContent-Disposition: form-data; name=\"\(name)\"\(fileName)\r\n\r\n\(content)\r\n"
    }

    /// The parts as `name|file name|content`, or why there are none.
    private func read(_ body: String, type: String = "multipart/form-data; boundary=BB") throws -> [String] {
        let parts = Mutex<[String]>([])
        let server = try RunningServer.make(
            .reading { piece in
                let text = String(decoding: piece.bytes, as: UTF8.self)
                parts.withLock { parts in
                    if piece.isFirst {
                        parts.append("\(piece.name)|\(piece.fileName ?? "nil")|\(text)")
                    } else {
                        parts[parts.count - 1] += text
                    }
                }
            })
        let reply = try server.client().send("POST", "/", type: type, text: body)
        return reply.text == "read" ? parts.withLock { $0 } : [reply.text]
    }
}

extension FixtureHandler {
    /// Reads each body as a form, and says `read`, `no reader`, `failure`, or what was thrown.
    fileprivate static func reading(
        budget: [Limit] = [], fields: [Limit] = [],
        _ receive: @escaping @Sendable (MultipartReader.Piece) throws -> Void
    ) -> FixtureHandler {
        .make(
            limit: 8 << 20,
            answer: { exchange in
                let reader = MultipartReader(
                    exchange: exchange, budget: Budget(budget), fields: Budget(fields), receive: receive)
                guard let reader else { return exchange.respond(.text(200, "no reader")) }
                do {
                    try exchange.body.withUnsafeBytes { try reader.read($0) }
                    try reader.finish()
                    exchange.respond(.text(200, "read"))
                } catch is MultipartReader.Failure {
                    exchange.respond(.text(200, "failure"))
                } catch {
                    exchange.respond(.text(200, "\(error)"))
                }
            })
    }
}
