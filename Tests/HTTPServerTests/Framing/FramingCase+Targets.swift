/// Targets, limits and `Expect` (RFC 9112 section 3.2, RFC 9110 section 10.1.1).
extension FramingCase {
    static var targets: [FramingCase] {
        let valid = [
            ("http://b/p", "/p"), ("HTTP://b:7/p/q", "/p/q"), ("https://b/p", "/p"), ("http://b", "/"),
            ("http://b/", "/"),
            ("http://b?q", "/"), ("http://[::1]:7/p", "/p"), ("/p", "/p"), ("//b/p", "//b/p"), ("/a:b@c", "/a:b@c"),
            ("/http://b", "/http://b"), ("/%00", "/%00"), ("/\u{e4}", "/\u{e4}"), ("/p?http://b/", "/p"),
        ]
        let bad = [
            "http:///p", "http://", "https://", "http://u@b/p", "http://u:p@b/p", "ftp://b/p", "http:/b/p", "http:b",
            "b/p",
            "b", "b:7", "*", "?q", "#f", "", ".", "..", "\\p", "%2fp", "*/p", "**", "http//b", "://b/p", "http://?q",
            "http://#f",
        ]
        return valid.flatMap { target, path in
            [
                taken("target \(target)", "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n", echo: "GET \(path) "),
                taken(
                    "target \(target) with a body",
                    "POST \(target) HTTP/1.1\r\nX: y\r\nContent-Length: 3\r\nHost: a\r\n\r\nabc",
                    echo: "POST \(path) abc"),
            ]
        } + bad.map { refused("target \($0)", "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n", 400) }
            + [
                taken("OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", echo: "OPTIONS * "),
                taken("OPTIONS of another server", "OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n", echo: "OPTIONS * "),
                FramingCase(
                    name: "CONNECT", bytes: Array("CONNECT b:7 HTTP/1.1\r\nHost: b:7\r\n\r\n".utf8), statuses: [501],
                    closes: false, echo: "CONNECT b:7"),
                refused("a whole target without Host", "GET http://b/p HTTP/1.1\r\n\r\n", 400),
                refused("OPTIONS of two stars", "OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n", 400),
                FramingCase(
                    name: "a whole target in HTTP/1.0", bytes: Array("GET http://b/p HTTP/1.0\r\n\r\n".utf8),
                    statuses: [200],
                    closes: true, echo: "GET /p "),
            ]
    }

    static var limits: [FramingCase] {
        func long(_ count: Int) -> String { String(repeating: "a", count: count) }
        return [
            refused("target over the limit", "GET /\(long(4096)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            refused("target over the head's limit", "GET /\(long(7000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            refused("target without an end", "GET /\(long(9000))", 414),
            refused("method over the limit", "\(long(7000)) / HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            refused("value over the limit", post("X: \(long(6200))\r\n"), 431),
            refused("value without an end", "POST /x HTTP/1.1\r\nHost: a\r\nX: \(long(9000))", 431),
            refused("name over the limit", post("\(long(6200)): y\r\n"), 431),
            refused("values over the limit together", post("X: \(long(3000))\r\nY: \(long(3200))\r\n"), 431),
            refused("97 fields", post(String(repeating: "a:b\r\n", count: 96)), 431),
            refused("3000 fields", post(String(repeating: "a:b\r\n", count: 3000)), 431),
            taken("96 fields", post(String(repeating: "a:b\r\n", count: 95)), echo: "POST /x "),
        ]
    }

    static var expectations: [FramingCase] {
        let valid = ["100-continue", "100-Continue", "100-CONTINUE", "100-continue ", "\t100-continue"].flatMap {
            value in
            [
                taken(
                    "Expect:\(value) with a length", post("Expect:\(value)\r\nContent-Length: 3\r\n", "abc"),
                    echo: "POST /x abc", continues: 1),
                taken(
                    "Expect:\(value) with chunks",
                    post("Expect:\(value)\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
                    echo: "POST /x abc", continues: 1),
                taken("Expect:\(value) without a body", post("Expect:\(value)\r\n"), echo: "POST /x "),
                taken(
                    "Expect:\(value) with length 0", post("Expect:\(value)\r\nContent-Length: 0\r\n"), echo: "POST /x "),
            ]
        }
        let bad = [
            "tea", "", "100-continue, tea", "tea, 100-continue", "200-ok", "100-continue;a", "100", "continue",
            "100-continu",
            "100-continue,100-continue", "\"100-continue\"",
        ].flatMap { value in
            [
                "Expect: \(value)\r\n", "Expect: 100-continue\r\nExpect: \(value)\r\n",
                "Expect: \(value)\r\nexpect: 100-continue\r\n",
            ]
            .map { refused("\($0.debugDescription)", post($0 + "Content-Length: 3\r\n", "abc"), 417) }
        }
        let nowhere = ["Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"].map {
            refused(
                "Expect and \($0) where nothing is",
                "POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\($0)\r\n", 404)
        }
        return valid + bad + nowhere + [
            FramingCase(
                name: "Expect in HTTP/1.0",
                bytes: Array(
                    "POST /x HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc".utf8),
                statuses: [200], closes: true, echo: "POST /x abc")
        ]
    }
}
