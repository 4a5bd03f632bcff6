import HTTPServer
import TestSupport
import Testing

/// Clients above the limit of connections.
@Suite struct TurnedAwayTests {
    private func server(connections: Int) throws -> RunningServer {
        var limits = ServerLimits()
        limits.connections = connections
        return try RunningServer.make(limits: limits)
    }

    @Test func clientAboveTheLimitGets503AtOnce() throws {
        let server = try server(connections: 3)
        let clients = try (0..<3).map { _ in try server.client() }
        for client in clients { #expect(try client.send("GET", "/").status == 200) }
        for sendsFirst in [false, true, true] {
            let client = try server.client()
            if sendsFirst { try client.write(HTTPClient.request("POST", "/", body: pattern(100_000))) }
            let reply = try client.read()
            #expect(reply.status == 503)
            #expect(reply.text == "tooManyConnections")
            #expect(reply.headers["connection"] == "close")
            #expect(client.isClosed())
        }
        for client in clients { #expect(try client.send("GET", "/still").text == "GET /still ") }
    }

    @Test func clientIsServedOnceThereIsRoom() throws {
        let server = try server(connections: 1)
        do {
            let first = try server.client()
            #expect(try first.send("GET", "/").status == 200)
            #expect(try server.client().read().status == 503)
        }
        #expect(
            eventually {
                guard let client = try? server.client() else { return false }
                try? client.write(HTTPClient.request("GET", "/"))
                return (try? client.read())?.status == 200
            })
    }

    @Test func manyAtOnceAreAllTold() throws {
        let server = try server(connections: 2)
        let clients = try (0..<2).map { _ in try server.client() }
        for client in clients { #expect(try client.send("GET", "/").status == 200) }
        let others = try (0..<400).map { _ in try server.client() }
        for other in others { #expect(try other.read().status == 503) }
        for client in clients { #expect(try client.send("GET", "/").status == 200) }
    }

    @Test func addressAboveItsOwnLimitGets503AndOthersDoNot() throws {
        var limits = ServerLimits()
        limits.connectionsPerAddress = 2
        let server = try RunningServer.make(limits: limits)
        var clients = try (0..<2).map { _ in try server.client() }
        for client in clients { #expect(try client.send("GET", "/").status == 200) }
        #expect(try server.client().read().status == 503)
        let other = try Command.python(
            """
            import socket
            client = socket.create_connection(('127.0.0.1', \(server.server.port)), source_address=('127.0.0.2', 0))
            client.sendall(b'GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n')
            print(client.recv(12).decode())
            """, directory: "/")
        #expect(String(decoding: other, as: UTF8.self).hasPrefix("HTTP/1.1 200"))
        clients.removeLast()
        #expect(
            eventually { (try? server.client().send("GET", "/").status) == 200 }, "one that ends makes room for another"
        )
    }
}
