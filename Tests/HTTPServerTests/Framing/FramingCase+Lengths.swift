/// What tells the length of a body (RFC 9112 section 6).
extension FramingCase {
    static var lengths: [FramingCase] {
        let bad = [
            "", " ", "+7", "-7", "0x7", "7.0", "7e0", "seven", "7 7", "7,7", "7, 7", "7;", "7a", "a7", "'7'", "\"7\"",
            "1_0", "½", "٧", "7\t7", "0,0", ",7", "7,", "(7)", "7/1", "NaN", "-0", "+0", "0 0", "0x0",
        ].flatMap { value in
            [
                refused("length \(value)", post("Content-Length: \(value)\r\n"), 400),
                refused(
                    "length \(value) before Host", "POST /x HTTP/1.1\r\ncontent-length:\(value)\r\nHost: a\r\n\r\n", 400
                ),
            ]
        }
        let good = ["7 ", "7\t", " 7", "\t7 \t", "  7  ", "007", "0000000000000000000000007"].map {
            taken("length \($0)", post("Content-Length:\($0)\r\n", "1234567"), echo: "POST /x 1234567")
        }
        let large = [
            "9999999999999999999", "1000000000000000000", "18446744073709551616", "18446744073709551623",
            "9223372036854775808", String(repeating: "9", count: 400),
        ].flatMap { value in
            [
                refused("length \(value.prefix(24))", post("Content-Length: \(value)\r\n"), 413),
                refused(
                    "length \(value.prefix(24)) and Expect",
                    post("Content-Length: \(value)\r\nExpect: 100-continue\r\n"), 413),
            ]
        }
        let body = hidden
        let whole = taken(
            "a request in a body", post("Content-Length: \(body.utf8.count)\r\n", body), echo: "POST /x \(body)")
        let onGET = taken(
            "a request in the body of GET",
            "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                + body, echo: "GET /x \(body)")
        return bad + good + large + [whole, onGET]
            + [
                refused("18 digits", post("Content-Length: 999999999999999999\r\n"), 413),
                refused(
                    "18 digits and Expect", post("Content-Length: 999999999999999999\r\nExpect: 100-continue\r\n"), 413),
                taken("length 0", post("Content-Length: 0\r\n"), echo: "POST /x "),
                taken("length 000", post("Content-Length: 000\r\n"), echo: "POST /x "),
                taken("no length", post(""), echo: "POST /x "),
            ]
    }

    static var repeatedLengths: [FramingCase] {
        let size = "\(hidden.utf8.count)"
        let values = [("0", size), (size, "0"), (size, size), ("0", "0"), (size, ""), ("", "0"), ("1", "+1")]
        let names = [
            ("Content-Length", "Content-Length"), ("Content-Length", "content-length"),
            ("CONTENT-LENGTH", "Content-Length"), ("cOnTeNt-LeNgTh", "Content-length"),
        ]
        return values.flatMap { one, other in
            names.flatMap { first, second in
                ["", "X: y\r\n"].map { between in
                    refused(
                        "\(first): \(one), \(second): \(other)\(between.isEmpty ? "" : " apart")",
                        post("\(first): \(one)\r\n\(between)\(second): \(other)\r\n"), 400)
                }
            }
        }
    }

    static var lengthsAndCodings: [FramingCase] {
        let codings = ["chunked", "CHUNKED", "gzip", "identity", "chunked ", ""]
        return codings.flatMap { coding in
            ["0", "\(hidden.utf8.count)", "x"].flatMap { length in
                ["Transfer-Encoding", "transfer-encoding"].flatMap { name -> [FramingCase] in
                    let (one, other) = ("\(name): \(coding)\r\n", "Content-Length: \(length)\r\n")
                    return [
                        refused("length \(length) after \(name) \(coding)", post(one + other, "0\r\n\r\n"), 400),
                        refused("length \(length) before \(name) \(coding)", post(other + one, "0\r\n\r\n"), 400),
                    ]
                }
            }
        }
    }

    static var codings: [FramingCase] {
        let body = "3\r\nabc\r\n0\r\n\r\n"
        let unknown = [
            "gzip", "deflate", "identity", "br", "compress", "trailers", "gzip, chunked", "chunked, gzip",
            "identity, chunked", "chunked;q=1", "chunked; a=b", "x-chunked", "chunke", "chunkedd", "chunk ed",
            "\"chunked\"", "", " ", ",", "chunked,", ",chunked", "chunked,,chunked",
        ].map { refused("coding \($0)", post("Transfer-Encoding: \($0)\r\n", body), 501) }
        let twice = ["chunked, chunked", "chunked,chunked", "Chunked ,\tCHUNKED", "chunked, chunked, chunked"].map {
            refused("coding \($0)", post("Transfer-Encoding: \($0)\r\n", body), 400)
        }
        let valid = ["chunked", "chunked ", "chunked\t", "  chunked", "CHUNKED", "ChUnKeD  \t"].map {
            taken("coding \($0)", post("Transfer-Encoding:\($0)\r\n", body), echo: "POST /x abc")
        }
        let fields = [
            ("chunked", "chunked", 400), ("chunked", "CHUNKED", 400), ("gzip", "chunked", 501),
            ("chunked", "gzip", 501),
            ("identity", "chunked", 501), ("chunked", "", 501),
        ].map { one, other, status in
            refused(
                "codings \(one) and \(other)",
                post("Transfer-Encoding: \(one)\r\ntransfer-encoding: \(other)\r\n", body), status)
        }
        let old = ["", "Connection: keep-alive\r\n"].flatMap { connection in
            ["chunked", "gzip"].map { coding in
                refused(
                    "HTTP/1.0 with \(coding) \(connection.prefix(10))",
                    "POST /x HTTP/1.0\r\nHost: a\r\n\(connection)Transfer-Encoding: \(coding)\r\n\r\n\(body)", 400)
            }
        }
        return unknown + twice + valid + fields + old
    }
}
