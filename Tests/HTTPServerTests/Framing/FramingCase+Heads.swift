/// Lines of a head (RFC 9112 sections 2, 3 and 5).
extension FramingCase {
    static var blanksAndFolds: [FramingCase] {
        let fields = [
            ("Content-Length", "\(hidden.utf8.count)"), ("Transfer-Encoding", "chunked"), ("Host", "b"), ("X", "y"),
            ("Expect", "100-continue"),
        ]
        let blanks = [" ", "\t", "  ", " \t"].flatMap { blank in
            fields.map { name, value in
                refused(
                    "\(name) with \(blank.debugDescription) before its colon", post("\(name)\(blank): \(value)\r\n"),
                    400)
            }
        }
        let folds = ["\r\n ", "\r\n\t", "\r\n  \t", "\r\n \r\n "].flatMap { fold in
            fields.flatMap { name, value in
                [
                    refused("\(name) folded by \(fold.debugDescription)", post("\(name):\(fold)\(value)\r\n"), 400),
                    refused("\(name) goes on by \(fold.debugDescription)", post("\(name): \(value)\(fold)z\r\n"), 400),
                ]
            }
        }
        let first = [" ", "\t"].map {
            refused("first field begins with \($0.debugDescription)", "GET / HTTP/1.1\r\n\($0)Host: a\r\n\r\n", 400)
        }
        return blanks + folds + first
    }

    static var controls: [FramingCase] {
        let bytes = Array(0..<UInt8(0x20)) + [0x7f]
        return bytes.filter { $0 != 9 }
            .flatMap { byte -> [FramingCase] in
                let control = String(UnicodeScalar(byte))
                return [
                    refused("\(byte) in the method", "GE\(control)T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
                    refused("\(byte) in the target", "GET /a\(control)b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
                    refused("\(byte) in the version", "GET / HTTP/1\(control).1\r\nHost: a\r\n\r\n", 400),
                    refused("\(byte) in a name", post("X\(control)Y: z\r\n"), 400),
                    refused("\(byte) in a value", post("X: y\(control)Content-Length: 5\r\n"), 400),
                ]
            }
            + [
                refused("a tab in the method", "GE\tT / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
                refused("a tab in the target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
                refused("a tab in a name", post("X\tY: z\r\n"), 400),
                taken("a tab in a value", post("X: y\tz\r\n"), echo: "POST /x "),
                taken("bytes above 127 in a value", post("X: \u{e4}\u{1F4A3}\r\n"), echo: "POST /x "),
            ]
    }

    static var names: [FramingCase] {
        "()<>@,;\\\"/[]?={} äé".map { refused("\($0) in a name", post("X\($0)Y: z\r\n"), 400) }
            + [
                refused("an empty name", post(": y\r\n"), 400),
                refused("an empty name and no value", post(":\r\n"), 400),
                refused("no colon", post("nothing\r\n"), 400), refused("no colon but blanks", post("a b c\r\n"), 400),
                refused("no colon behind a bad byte", post("a@b\r\n"), 400),
                taken("every sign that a name may have", post("!#$%&'*+-.^_`|~09azAZ: z\r\n"), echo: "POST /x "),
                taken("an empty value", post("X:\r\nY: \r\n"), echo: "POST /x "),
                taken("blanks behind values", post("X: y \r\nY:z\t\t\r\n"), echo: "POST /x "),
                taken("colons in a value", post("X::y:z\r\n"), echo: "POST /x "),
            ]
    }

    static var hosts: [FramingCase] {
        [
            refused("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
            refused("no Host before a body", "POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\n", 400),
            refused("no Host but another field", "GET / HTTP/1.1\r\nHosts: a\r\nXHost: a\r\n\r\n", 400),
            refused("two hosts", post("Host: b\r\n"), 400), refused("one host twice", post("Host: a\r\n"), 400),
            refused("two hosts, mixed case", post("hOST: b\r\n"), 400),
            refused("an empty second host", post("Host:\r\n"), 400),
            refused("three hosts", post("Host: a\r\nHost: a\r\n"), 400),
            refused("two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            FramingCase(
                name: "no Host in HTTP/1.0", bytes: Array("GET /x HTTP/1.0\r\n\r\n".utf8), statuses: [200],
                closes: true,
                echo: "GET /x "),
            FramingCase(
                name: "HTTP/1.0 kept alive",
                bytes: Array("GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n".utf8),
                statuses: [200], closes: false, echo: "GET /x "),
            taken("a host with blanks", "GET /x HTTP/1.1\r\nHost:  a \t\r\n\r\n", echo: "GET /x "),
        ]
    }

    static var versions: [FramingCase] {
        ["1.2", "1.9", "2.0", "0.9", "3.0", "0.0", "9.9"].map {
            refused("version \($0)", "GET / HTTP/\($0)\r\nHost: a\r\n\r\n", 505)
        }
            + [
                "HTTP/1.10", "HTTP/1", "HTTP/1.", "HTTP/.1", "http/1.1", "Http/1.1", "HTTP/1,1", "HTTPS/1.1",
                "HTTP /1.1",
                "HTTP/11", "HTTP/1.1 ", "HTTP/1.1x", " HTTP/1.1", "HTTP/01.1", "HTTP/1.01", "HTTP/a.b", "HTTP/-1.1",
                "XXXX/1.1",
                "HTTP", "1.1",
            ].map { refused("version \($0.debugDescription)", "GET / \($0)\r\nHost: a\r\n\r\n", 400) }
            + [refused("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)]
    }

    static var requestLines: [FramingCase] {
        [
            " / HTTP/1.1", "  / HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET\t/ HTTP/1.1",
            "GET / a HTTP/1.1", "GET", "GET ", "GET /", "GET / ", "/ HTTP/1.1", "GET HTTP/1.1", "G(T / HTTP/1.1",
            "G\"T / HTTP/1.1", "GET: / HTTP/1.1", "G@T / HTTP/1.1", "G[T / HTTP/1.1", "GÄT / HTTP/1.1", "{} / HTTP/1.1",
            "GET,POST / HTTP/1.1", "Host: a", "HTTP/1.1 200 OK", "x",
        ].map { refused("request line \($0.debugDescription)", "\($0)\r\nHost: a\r\n\r\n", 400) }
            + ["get", "BREW", "G.T", "!#$%&'*+-.^_`|~", "M-SEARCH", "1"].map {
                taken("method \($0)", "\($0) /x HTTP/1.1\r\nHost: a\r\n\r\n", echo: "\($0) /x ")
            }
    }

    static var lineEnds: [FramingCase] {
        let good = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
        let before = [
            "\r\n\r\n", "\r\n\r\n\r\n", "\n", "\n\n", "\r", "\rX", " ", "\t", "\0", "\u{FEFF}", "x\r\n", "0\r\n\r\n",
            ":\r\n",
            "\u{16}\u{3}\u{1}\u{2}", "\u{7f}", "\r\n ", "\r\n\n",
        ].map { refused("\($0.debugDescription) before a request", $0 + good, 400) }
        let within = [
            "GET /x HTTP/1.1\nHost: a\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\n\n",
            "GET /x HTTP/1.1\nHost: a\n\n", "GET /x HTTP/1.1\rHost: a\r\r", "GET /x HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
            "GET /x HTTP/1.1\r\r\nHost: a\r\n\r\n", "GET /x HTTP/1.1\r\nHost: a\r\r\n\r\n",
            "GET /x HTTP/1.1\n\rHost: a\n\r\n\r", "GET /x HTTP/1.1\r\nHost: a\r\n\rX",
            "GET /x HTTP/1.1\r\nX: y\nContent-Length: 5\r\nHost: a\r\n\r\n",
        ].map { refused("line ends \($0.debugDescription)", $0, 400) }
        return before + within + [taken("an empty line before a request", "\r\n" + good, echo: "GET /x ")]
    }
}
