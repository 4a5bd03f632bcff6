import TestSupport

/// Forms, of both kinds.
extension Attack {
    private static let boundary = "edge"

    /// A part of a form, head and content.
    private static func part(_ head: String, _ content: String) -> String {
        "--\(boundary)\r\n\(head)\r\n\r\n\(content)\r\n"
    }

    private static func field(_ name: String, _ content: String) -> String {
        part("Content-Disposition: form-data; name=\"\(name)\"", content)
    }

    private static func file(_ name: String, _ content: String) -> String {
        part("Content-Disposition: form-data; name=\"file\"; filename=\"\(name)\"", content)
    }

    static var forms: [Attack] {
        let end = "--\(boundary)--\r\n"
        let bodies: [(String, @Sendable () -> String)] = [
            ("60 fields of 1 MB", { (0..<60).map { field("f\($0)", many("x", 1 << 20)) }.joined() + end }),
            ("200 fields of 300 kB", { (0..<200).map { field("f\($0)", many("x", 300_000)) }.joined() + end }),
            ("100,000 empty fields", { (0..<100_000).map { field("f\($0)", "") }.joined() + end }),
            ("30,000 small files", { (0..<30_000).map { file("f\($0)", "x") }.joined() + end }),
            ("40 files in 90 folders", { (0..<40).map { file(many("d\($0)/", 90) + "f", "x") }.joined() + end }),
            ("a file in 9,000 folders", { file(many("d/", 9_000) + "f", "x") + end }),
            ("a file name of 100 kB", { file(many("n", 100_000), "x") + end }),
            ("a field name of 100 kB", { field(many("n", 100_000), "x") + end }),
            ("a part's head of 2 MB", { part(many("X-Y: z\r\n", 250_000) + "A: b", "x") + end }),
            ("a line of 2 MB in a part's head", { part("X: \(many("y", 2_000_000))", "x") + end }),
            ("a part without a name", { part("Content-Disposition: form-data", "x") + end }),
            ("a part without a head", { "--\(boundary)\r\n\r\nx\r\n" + end }),
            ("no part", { end }),
            ("no end", { file("a.py", many("x", 100_000)) }),
            ("only what stands before", { many("preamble\r\n", 100_000) }),
            ("boundaries alone", { many("--\(boundary)\r\n", 50_000) }),
            ("a form in a form", { part("Content-Type: multipart/mixed; boundary=\(boundary)", file("a", "x")) + end }),
            ("controls in a file name", { file("a\u{1B}[2J\u{7}b", "x") + end }),
            (
                "an open quote in a name",
                { part("Content-Disposition: form-data; name=\"file; filename=\"x", "x") + end }
            ),
        ]
        let parts = ["source", "flags", "properties", "notes"].flatMap { type in
            bodies.map { name, body in
                request(
                    "\(type): \(name)", "POST", "/runs/victim/metadata/\(type)",
                    type: "multipart/form-data; boundary=\(boundary)", gets: .answered
                ) { Array(body().utf8) }
            }
        }
        let boundaries = ["", "\"\"", many("b", 3_000), "\"open", "a b", "%00"].map { boundary in
            request(
                "boundary \(boundary.prefix(20))", "POST", "/runs/victim/metadata/source",
                type: "multipart/form-data; boundary=\(boundary)", gets: .answered
            ) { Array((file("a", "x") + end).utf8) }
        }
        return parts + boundaries + chunked + encoded
    }

    /// A form that comes in HTTP chunks of some size: it is stored all the same.
    private static var chunked: [Attack] {
        [1, 37, 999, 4_000, 70_000].map { size in
            Attack("a form of 3 MB in chunks of \(size)") { server in
                let content = size == 1 ? 30_000 : 3_000_000
                let form = Array((file("whole.py", many("x", content)) + "--\(boundary)--\r\n").utf8)
                let client = try server.connect()
                let head =
                    "POST /runs/other/metadata/source HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                    + "Content-Type: multipart/form-data; boundary=\(boundary)\r\n\r\n"
                var bytes = Array(head.utf8)
                for start in stride(from: 0, to: form.count, by: size) {
                    let chunk = form[start..<min(start + size, form.count)]
                    bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
                }
                try client.write(bytes + Array("0\r\n\r\n".utf8))
                try check(try client.read(), .status(201))
            }
        }
    }

    private static var encoded: [Attack] {
        let bodies: [(String, @Sendable () -> String)] = [
            ("400,000 fields", { (0..<400_000).map { "f\($0)=1" }.joined(separator: "&") }),
            ("ampersands", { many("&", 3_000_000) }), ("equals signs", { many("=", 3_000_000) }),
            ("half escapes", { many("%", 1_000_000) }), ("escapes", { many("%41", 1_000_000) }),
            ("a name of 3 MB", { many("n", 3_000_000) + "=1" }), ("a name with a NUL", { "a%00b=1&a%00c=2" }),
            ("deep data", { "data=" + many("%5B", 100_000) }), ("data twice", { "data=%7B%7D&data=%7B%7D" }),
            ("bytes that are no text", { "a=%ff%fe" }), ("an exponent", { "a=1e999999999999" }),
        ]
        return ["flags", "evaluation", "properties", "metrics", "notes"].flatMap { type in
            bodies.map { name, body in
                request(
                    "\(type): form of \(name)", "POST", "/runs/victim/metadata/\(type)",
                    type: "application/x-www-form-urlencoded", gets: .answered
                ) { Array(body().utf8) }
            }
        }
    }
}
