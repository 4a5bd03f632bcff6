/// Bodies in chunks (RFC 9112 section 7.1).
extension FramingCase {
    static var chunkSizes: [FramingCase] {
        let end = "1234567\r\n0\r\n\r\n"
        let bad = [
            "0x7", "+7", "-7", " 7", "\t7", "7 ", "7\t", "7h", "h7", "g", "", " ", "7 7", "7,7", "7.0", ";a=b", " ;a",
            "７", "7=", "7\"",
            "7:", "7 a;b", "x", "0x", "-0", "+0", " 0", "0 ", "0 0",
        ].map { refused("size \($0.debugDescription)", chunks("\($0)\r\n\(end)"), 400) }
        let large = [
            "fffffffffffffffff", "8000000000000000", "1000000000000000", "10000000000000007", "ffffffffffffffff",
        ].map { refused("size \($0)", chunks("\($0)\r\n\(end)"), 413) }
        let valid = [
            "7", "07", "00000000000000000000007", "7;a", "7;a=b", "7;a=\"b;c\"", "7 ;a=b", "7\t; a = b", "7;", "7;;",
            "7;a=\"\\\"\"",
            "7;\u{e4}", "7; a ",
        ].map { taken("size \($0)", chunks("\($0)\r\n\(end)"), echo: "POST /x 1234567") }
        let last = ["0", "00", "000000000000000000000", "0;a", "0 ;a=b"].map {
            taken("last size \($0)", chunks("7\r\n1234567\r\n\($0)\r\n\r\n"), echo: "POST /x 1234567")
        }
        let controls = ["\0", "\u{1}", "\r", "\n", "\u{7f}", "\u{b}"].flatMap { control in
            [
                refused("\(control.debugDescription) in a size", chunks("\(control)7\r\n\(end)"), 400),
                refused("\(control.debugDescription) behind a size", chunks("7\(control)\r\n\(end)"), 400),
                refused("\(control.debugDescription) in an extension", chunks("7;a\(control)b\r\n\(end)"), 400),
                refused(
                    "\(control.debugDescription) in the last extension",
                    chunks("7\r\n1234567\r\n0;a\(control)b\r\n\r\n"), 400),
            ]
        }
        let long = String(repeating: "e", count: 1100)
        let zeros = String(repeating: "0", count: 1100)
        return bad + large + valid + last + controls + [
            taken(
                "sizes in capitals", chunks("A\r\n1234567890\r\na\r\n1234567890\r\n0\r\n\r\n"),
                echo: "POST /x 12345678901234567890"),
            taken("no chunks", chunks("0\r\n\r\n"), echo: "POST /x "),
            refused("a long extension", chunks("7;\(long)\r\n\(end)"), 400),
            refused("many zeros", chunks("\(zeros)7\r\n\(end)"), 400),
            refused("an extension without an end", chunks("7;\(long)"), 400),
            refused("an end of LF", chunks("7\n\(end)"), 400),
            refused("a last size that ends in LF", chunks("7\r\n1234567\r\n0\n\r\n"), 400),
        ]
    }

    static var chunkData: [FramingCase] {
        let bad = ["\n", "x\r\n", "\r", "\rx", "", " \r\n", "\r\r\n", "8\r\n", "\0\r\n", "\n\r\n", "\t\r\n"].map {
            refused("\($0.debugDescription) behind a chunk", chunks("7\r\n1234567\($0)0\r\n\r\n"), 400)
        }
        let body = hidden
        let size = String(body.utf8.count, radix: 16)
        return bad + [
            taken("a request in a chunk", chunks("\(size)\r\n\(body)\r\n0\r\n\r\n"), echo: "POST /x \(body)"),
            taken("the end of chunks in a chunk", chunks("5\r\n0\r\n\r\n\r\n0\r\n\r\n"), echo: "POST /x 0\r\n\r\n"),
            taken(
                "many chunks", chunks(String(repeating: "1\r\nz\r\n", count: 40) + "0\r\n\r\n"),
                echo: "POST /x " + String(repeating: "z", count: 40)),
            refused("a chunk longer than said", chunks("2\r\nabcdef\r\n0\r\n\r\n"), 400),
            refused("a chunk shorter than said", chunks("9\r\nabc\r\n0\r\n\r\n\(hidden)"), 400),
        ]
    }

    static var trailers: [FramingCase] {
        let valid = [
            "X: y\r\n", "Content-Length: 7\r\n", "Transfer-Encoding: gzip\r\n", "Host: b\r\n", "Expect: tea\r\n",
            "X: y \r\nZ:\r\n",
            "Content-Length: 1\r\nContent-Length: 2\r\n", "Connection: close\r\n", "Content-Type: text/plain\r\n",
            String(repeating: "a: b\r\n", count: 96),
        ].map {
            taken(
                "trailer \($0.prefix(40).debugDescription)", chunks("3\r\nabc\r\n0\r\n\($0)\r\n"), echo: "POST /x abc")
        }
        let bad: [(String, Int)] = [
            ("nothing\r\n", 400), (" X: y\r\n", 400), ("X : y\r\n", 400), ("X: a\0b\r\n", 400), ("X: y\r\n z\r\n", 400),
            (": y\r\n", 400),
            ("X: y\n", 400), ("\n", 400), ("X: a\rb\r\n", 400), ("X@: y\r\n", 400), ("GET /hidden HTTP/1.1\r\n", 400),
            ("\r", 400),
            (String(repeating: "a: b\r\n", count: 97), 431), ("X: \(String(repeating: "y", count: 6200))\r\n", 431),
            (String(repeating: "X: \(String(repeating: "y", count: 300))\r\n", count: 30), 431),
            ("X: \(String(repeating: "y", count: 9000))", 431),
        ]
        return valid
            + bad.map { fields, status in
                refused(
                    "bad trailer \(fields.prefix(40).debugDescription) of \(fields.count)",
                    chunks("3\r\nabc\r\n0\r\n\(fields)X: z\r\n\r\n"), status)
            }
    }
}
