import TestSupport

/// Heads and chunks that no client sends in good faith.
extension Attack {
    static var framing: [Attack] { lengths + chunks + heads + endings }

    private static let host = "Host: localhost\r\n"
    private static let json = "Content-Type: application/json\r\n"

    /// A POST of flags whose head has these lines.
    private static func post(_ lines: String, _ body: String = #"{"a":1}"#) -> [UInt8] {
        Array("POST /runs/victim/metadata/flags HTTP/1.1\r\n\(host)\(json)\(lines)\r\n\(body)".utf8)
    }

    private static var lengths: [Attack] {
        [
            "9, 9", "9,9,9", "", " ", "-9", "+9", "0x9", "9.0", "9e0", "nine", "9 9", "9;9",
            "18446744073709551616", "18446744073709551625", "9223372036854775808", many("9", 400),
        ].map { value in
            Attack("Content-Length: \(value.prefix(30))") { server in
                let client = try server.connect()
                try client.write(post("Content-Length: \(value)\r\n"))
                client.endSending()
                let replies = try client.readReplies()
                if replies.count != 1 { throw Fault(description: "\(replies.count) replies") }
                for reply in replies { try check(reply, .refused) }
            }
        }
    }

    private static var chunks: [Attack] {
        let large = many("0", 20_000)
        let sizes: [(String, String)] = [
            ("letters", "xyz\r\n"), ("a sign", "-5\r\nabcde\r\n"), ("a prefix", "0x5\r\nabcde\r\n"),
            ("64 bits and more", "FFFFFFFFFFFFFFFFF\r\n"), ("2 to the 63", "8000000000000000\r\n"),
            ("zeros without end", large), ("zeros and a size", "\(large)5\r\nabcde\r\n"),
            ("an extension without end", "5;\(many("e", 30_000))"),
            ("an extension of 9 kB", "5;x=\(many("y", 9_000))\r\nabcde"),
            ("a quoted extension", "5;x=\"\(many("\\\"", 6_000))"), ("spaces without end", "5\(many(" ", 20_000))"),
            ("a longer chunk than said", "2\r\nabcdefgh\r\n0\r\n\r\n"),
            ("no line's end behind", "2\r\nab2\r\ncd\r\n0\r\n\r\n"),
            ("trailers without end", "2\r\n{}\r\n0\r\n\(many("t: u\r\n", 6_000))"),
            ("a trailer without end", "2\r\n{}\r\n0\r\nt: \(many("u", 30_000))"),
            ("only line ends", many("\r\n", 5_000)),
        ]
        return sizes.map { name, body in
            Attack("chunk with \(name)") { server in
                let client = try server.connect()
                try? client.write(post("Transfer-Encoding: chunked\r\n", body))
                client.endSending()
                let replies = try client.readReplies()
                if replies.count != 1 { throw Fault(description: "\(replies.count) replies: \(replies.map(\.status))") }
                for reply in replies { try check(reply, .status([400, 413, 431])) }
            }
        }
    }

    private static var heads: [Attack] {
        let lines: [(String, String)] = [
            ("no colon", "nothing at all\r\n"), ("an empty name", ": value\r\n"), ("a NUL", "X: a\u{0}b\r\n"),
            ("300 fields", (0..<300).map { "X-\($0): y\r\n" }.joined()), ("one of 7 kB", "X: \(many("y", 7_000))\r\n"),
            ("one of 90 kB", "X: \(many("y", 90_000))\r\n"), ("a name of 7 kB", "\(many("X", 7_000)): y\r\n"),
            ("4,000 short ones", many("a:b\r\n", 4_000)), ("Expect of another kind", "Expect: the unexpected\r\n"),
            ("Transfer-Encoding of another kind", "Transfer-Encoding: gzip, chunked\r\n"),
            ("both lengths", "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n"),
        ]
        let fields = lines.map { name, lines in
            Attack("head with \(name)") { server in
                let client = try server.connect()
                try? client.write(post(lines))
                client.endSending()
                let replies = try client.readReplies()
                if replies.count != 1 { throw Fault(description: "\(replies.count) replies: \(replies.map(\.status))") }
                for reply in replies { try check(reply, .refused) }
            }
        }
        let starts = [
            "\r\n\r\n\r\n", "\u{0}\u{0}\u{0}\u{0}\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "GET  /  HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
            many("A", 100_000),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\(many("G", 5_000)) / HTTP/1.1\r\n\(host)\r\n",
            "GET /\(many("/", 9_000)) HTTP/1.1\r\n\(host)\r\n", "OPTIONS * HTTP/1.1\r\n\(host)\r\n",
            "CONNECT localhost:7 HTTP/1.1\r\n\(host)\r\n", "TRACE /runs HTTP/1.1\r\n\(host)\r\n",
        ].map { start in
            Attack("start: \(start.debugDescription.prefix(40))") { server in
                let client = try server.connect()
                try? client.write(Array(start.utf8))
                client.endSending()
                _ = try client.readReplies()
            }
        }
        return fields + starts
    }

    /// What follows a request, or cuts it off.
    private static var endings: [Attack] {
        let pipelined = Attack("requests behind an upload of 6 MB") { server in
            let body = [UInt8](repeating: UInt8(ascii: "b"), count: 6_000_000)
            let client = try server.connect()
            try client.write(
                HTTPClient.request("PUT", "/runs/victim/files/whole", body: body)
                    + HTTPClient.request("GET", "/runs/victim/files/whole")
                    + HTTPClient.request("DELETE", "/runs/victim/files/whole"))
            client.endSending()
            let replies = try client.readReplies()
            guard let first = replies.first, [201, 204].contains(first.status) else {
                throw Fault(description: "the upload got \(replies.map(\.status))")
            }
            let stored = contents(of: "\(server.runs)/victim/whole") ?? replies.dropFirst().first?.body ?? []
            if stored != body { throw Fault(description: "\(stored.count) bytes were stored of \(body.count)") }
        }
        let thousand = Attack("a thousand requests at once") { server in
            let client = try server.connect()
            let one = HTTPClient.request("GET", "/health")
            try client.write((0..<1000).flatMap { _ in one })
            client.endSending()
            let replies = try client.readReplies()
            if replies.count != 1000 || replies.contains(where: { $0.status != 200 }) {
                throw Fault(description: "\(replies.count) replies")
            }
        }
        let halves: [Attack] = [
            "/runs", "/runs/victim", "/runs/victim/metrics", "/runs/victim/files", "/runs/victim/files/model",
            "/runs/victim/bundle.tar.gz", "/types", "/metrics", "/openapi.yaml", "/compare?runs=victim,canary",
        ].map { target in .raw("half closed: \(target)", gets: .status(200)) { HTTPClient.request("GET", target) } }
        let vanishing = ["flags", "metrics", "source", "notes"].flatMap { type in
            [false, true].map { resets in
                Attack("leaves in a body of \(type)\(resets ? ", by a reset" : "")") { server in
                    for size in [0, 1, 100, 10_000, 1_500_000] {
                        let client = try server.connect()
                        if resets { client.resetAtTheEnd() }
                        let head =
                            "POST /runs/victim/metadata/\(type) HTTP/1.1\r\n\(host)Content-Length: 2000000\r\n\r\n"
                        try? client.write(Array(head.utf8) + [UInt8](repeating: 0x1F, count: size))
                    }
                }
            }
        }
        let unread = Attack("asks for much and reads nothing") { server in
            for _ in 0..<40 {
                let client = try server.connect()
                client.resetAtTheEnd()
                try client.write(HTTPClient.request("GET", "/runs/victim/files/model"))
                try client.write(HTTPClient.request("GET", "/runs/victim/bundle.tar.gz"))
            }
        }
        return [pipelined, thousand, unread] + halves + vanishing
    }
}
