import Glibc
import TestSupport

/// Many clients at once, none of which does what it should.
extension Attack {
    static var crowds: [Attack] {
        [
            crowd("400 unfinished archives", of: 400) { client, _ in
                try client.write(
                    begun("source", "Content-Type: application/gzip\r\n", [0x1F, 0x8B, 8, 0] + filler(20_000)))
            },
            crowd("300 unfinished files", of: 300) { client, number in
                let head =
                    "PUT /runs/victim/files/f\(number) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40000000\r\n\r\n"
                try client.write(Array(head.utf8) + filler(50_000))
            },
            crowd("300 unfinished forms", of: 300) { client, _ in
                let form = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n"
                try client.write(
                    begun(
                        "source", "Content-Type: multipart/form-data; boundary=edge\r\n",
                        Array(form.utf8) + filler(9_000)))
            },
            crowd("500 half heads", of: 500) { client, _ in
                try client.write(Array("GET /runs HTTP/1.1\r\nHost: local".utf8))
            },
            crowd("300 that follow events and do not read", of: 300) { client, _ in
                try client.write(HTTPClient.request("GET", "/events"))
            },
            crowd("200 that ask and do not read", of: 200) { client, _ in
                for target in ["/runs", "/runs/victim/metrics", "/runs/victim/bundle.tar.gz", "/openapi.yaml"] {
                    try client.write(HTTPClient.request("GET", target))
                }
            },
            crowd("200 that wait for 100 Continue", of: 200) { client, _ in
                try client.write(begun("source", "Expect: 100-continue\r\nContent-Type: application/gzip\r\n", []))
            },
            crowd("100 rows without their last byte", of: 100) { client, _ in
                try client.write(begun("metrics", "", Array(#"{"step": 1"#.utf8)))
            },
        ]
    }

    /// Clients that are all connected at once, served meanwhile or not, and leave without a word: half of them by a
    /// reset.
    private static func crowd(
        _ name: String, of count: Int, _ act: @escaping @Sendable (HTTPClient, Int) throws -> Void
    ) -> Attack {
        Attack(name) { server in
            var clients: [HTTPClient] = []
            for number in 0..<count {
                let client = try server.connect()
                if number % 2 == 1 { client.resetAtTheEnd() }
                try? act(client, number)
                clients.append(client)
            }
            // All others are served while they are there.
            for _ in 0..<5 {
                for target in ["/health", "/ready", "/runs?limit=3", "/runs/canary"] {
                    let reply = try server.connect().send("GET", target)
                    if reply.status != 200 { throw Fault(description: "\(target) got \(reply.status) meanwhile") }
                }
            }
            withExtendedLifetime(clients) {}
        }
    }

    private static func begun(_ type: String, _ lines: String, _ part: [UInt8]) -> [UInt8] {
        let head =
            "POST /runs/victim/metadata/\(type) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\(lines)\r\n"
        return Array(head.utf8) + part
    }

    private static func filler(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x55, count: count) }
}
