import Foundation
import HTTPServer
import Synchronization
import TestSupport
import Testing

/// How connections over TLS begin, and what else comes to such a port.
@Suite struct HandshakeTests {
    private func server(
        _ handler: FixtureHandler = .make(), limits: ServerLimits = ServerLimits(), workers: Int = 2
    ) throws -> RunningServer {
        try Transport.$current.withValue(.encrypted) {
            try RunningServer.make(handler, limits: limits, workers: workers)
        }
    }

    /// A connection without TLS.
    private func plain(_ server: RunningServer) throws -> HTTPClient { try HTTPClient(port: server.server.port) }

    @Test(arguments: ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST / HTTP/1.1\r\n", "x", "\u{80}\u{1}"])
    func plainTextGetsAnAnswerThatSaysSo(text: String) throws {
        let server = try server()
        let client = try plain(server)
        try client.write(Array(text.utf8))
        let reply = try client.read()
        #expect(reply.status == 400)
        #expect(reply.text == "notEncrypted")
        #expect(reply.headers["connection"] == "close")
        #expect(client.isClosed())
        #expect(try server.client().send("GET", "/").status == 200)
    }

    /// Fails when the connection is closed with bytes unread, which resets it.
    @Test func plainUploadGetsTheAnswerToo() throws {
        let server = try server()
        let client = try plain(server)
        try client.write(head("PUT / HTTP/1.1", "Content-Length: 500000") + pattern(500_000))
        client.endSending()
        #expect(try client.read().status == 400)
        #expect(client.isClosed())
    }

    @Test func plainUploadWithoutEndIsCutOff() throws {
        var limits = ServerLimits()
        limits.discarded = 100_000
        let server = try server(limits: limits)
        let client = try plain(server)
        #expect(throws: HTTPClient.Failure.self) {
            for _ in 0..<1000 { try client.write(pattern(100_000)) }
        }
    }

    /// Fails when only those count whose handshake is done: one address could hold all connections.
    @Test func connectionsWithoutAHandshakeCountForTheirAddress() throws {
        var limits = ServerLimits()
        limits.connectionsPerAddress = 3
        let server = try server(limits: limits)
        var silent = try (0..<3).map { _ in try plain(server) }
        #expect(try plain(server).isClosed())
        silent.removeLast()
        #expect(eventually { (try? server.client().send("GET", "/").status) == 200 })
        silent = []
        #expect(eventually { (try? server.client().send("GET", "/").status) == 200 })
    }

    /// Of what a client sends first, only the very beginning looks like TLS.
    @Test func handshakeThatIsNoneEndsTheConnection() throws {
        let server = try server()
        for rest in [[3, 1, 0, 5, 1, 2, 3, 4, 5], [3, 3, 255, 255, 0], [UInt8](repeating: 22, count: 3000)] as [[UInt8]]
        {
            let client = try plain(server)
            try client.write([22] + rest)
            client.endSending()
            _ = try? client.readToEnd()
            #expect(client.isClosed())
        }
        #expect(try server.client().send("GET", "/").status == 200)
    }

    @Test(arguments: [[], [22], [22, 3, 1], [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]] as [[UInt8]])
    func handshakeThatComesTooSlowlyEndsTheConnection(begun: [UInt8]) throws {
        var limits = ServerLimits()
        limits.headSeconds = 1
        let server = try server(limits: limits)
        let client = try plain(server)
        try client.write(begun)
        #expect(client.isClosed())
    }

    /// Fails when the bytes of the handshake are taken for those of a head, or those of a head are not seen.
    @Test func headHasItsTimeFromItsFirstByte() throws {
        var limits = ServerLimits()
        limits.headSeconds = 2
        let server = try server(limits: limits)
        let client = try HTTPClient(port: server.server.port, isEncrypted: true, timeout: 30)
        let idle = try server.client()
        try client.write(Array("GET / HTTP/1.1\r\nHo".utf8))
        #expect(client.isClosed())
        #expect(try idle.send("GET", "/idle").status == 200, "one that waits for its first request is left alone")
    }

    @Test func handshakesThatAreHalfDoneKeepNobodyWaiting() throws {
        let server = try server()
        let idle = try (0..<200).map { number in
            let client = try plain(server)
            if number % 2 == 0 { try client.write([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]) }
            return client
        }
        for _ in 0..<5 { #expect(try server.client().send("GET", "/").status == 200) }
        withExtendedLifetime(idle) {}
    }

    @Test func handshakesCountAsConnections() throws {
        var limits = ServerLimits()
        limits.connections = 4
        limits.headSeconds = 2
        let server = try server(limits: limits)
        let idle = try (0..<4).map { _ in try plain(server) }
        #expect(throws: (any Error).self, "turned away: without TLS there is no reply that it could read") {
            try server.client()
        }
        #expect(eventually { (try? server.client().send("GET", "/").status) == 200 }, "until one of them is given up")
        withExtendedLifetime(idle) {}
    }

    @Test func clientThatLeavesInTheMiddleHarmsNobody() throws {
        let server = try server()
        for bytes in [[], [22], [22, 3, 1, 2, 0, 1]] as [[UInt8]] {
            let client = try plain(server)
            try client.write(bytes)
            client.reset()
        }
        #expect(try server.client().send("GET", "/").status == 200)
    }

    @Test func stopEndsHandshakesThatAreHalfDone() throws {
        let server = try server()
        let client = try plain(server)
        try client.write([22, 3, 1])
        #expect(try server.client().send("GET", "/").status == 200)
        server.stop()
        #expect(client.isClosed())
    }

    @Test(arguments: [
        ("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2"), ("-tls1_1", nil), ("-tls1", nil),
    ])
    func onlyTLS12And13AreSpoken(option: String, expected: String?) throws {
        let said = try handshake(with: server(), option, "-cipher", "ALL:@SECLEVEL=0")
        #expect(said.contains("Cipher is (NONE)") == (expected == nil), "\(said)")
        if let expected { #expect(said.contains("New, \(expected), Cipher is"), "\(said)") }
    }

    /// Those without forward secrecy, those that do not authenticate what they encrypt, and anonymous ones.
    @Test(arguments: ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AECDH-AES128-SHA"])
    func weakSuitesAreRefused(cipher: String) throws {
        let said = try handshake(with: server(), "-tls1_2", "-cipher", "\(cipher):@SECLEVEL=0")
        #expect(said.contains("Cipher is (NONE)"), "\(said)")
    }

    @Test(arguments: ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"])
    func strongSuitesAreTaken(cipher: String) throws {
        #expect(try handshake(with: server(), "-tls1_2", "-cipher", cipher).contains("Cipher is \(cipher)"))
    }

    @Test func http11IsAgreedOn() throws {
        #expect(try handshake(with: server(), "-alpn", "h2,http/1.1").contains("ALPN protocol: http/1.1"))
    }

    /// RFC 8740, RFC 5746: a client that begins another handshake is cut off.
    @Test func renegotiationEndsTheConnection() throws {
        let server = try server()
        let said = try Command(
            "sh", "-c",
            "printf 'R\\n' | timeout 20 openssl s_client -tls1_2 -connect 127.0.0.1:\(server.server.port) 2>&1")
        #expect(String(decoding: said.output, as: UTF8.self).contains("RENEGOTIATING"))
        #expect(try server.client().send("GET", "/").status == 200)
    }

    @Test func certificateCanBeReplacedWhileConnectionsAreOpen() throws {
        let folders = [TemporaryFolder(), TemporaryFolder()]
        let identities = try folders.map { try Transport.selfSigned(in: $0).renew(now: time(nil)) }
        let credentials = TLSCredentials(identities[0])
        let workers = Workers(threads: 2)
        let server = try HTTPServer(
            sockets: [ListeningSocket(host: "127.0.0.1", port: 0)], tls: credentials, handler: FixtureHandler.make(),
            workers: workers)
        defer {
            server.stop()
            workers.stop()
        }
        let early = try HTTPClient(port: server.port, isEncrypted: true)
        #expect(try early.send("GET", "/early").status == 200)
        #expect(try pin(of: server.port) == identities[0].pin)
        credentials.replace(by: identities[1])
        #expect(try pin(of: server.port) == identities[1].pin)
        #expect(try early.send("GET", "/early").status == 200)
        #expect(identities[0].pin != identities[1].pin)
    }

    // MARK: Clients

    /// What `openssl s_client` says about a handshake.
    private func handshake(with server: RunningServer, _ options: String...) throws -> String {
        let words = ["openssl", "s_client", "-connect", "127.0.0.1:\(server.server.port)"] + options
        let command = try Command(arguments: words)
        return String(decoding: command.output, as: UTF8.self) + command.errors
    }

    /// The pin of the certificate that a server shows.
    private func pin(of port: Int) throws -> String {
        let command = try Command(
            "sh", "-c",
            "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null | openssl x509 -pubkey -noout "
                + "| openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64 -A")
        return "sha256//" + String(decoding: command.output, as: UTF8.self)
    }
}
