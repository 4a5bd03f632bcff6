import TestSupport

/// Paths, queries and expressions.
extension Attack {
    static var targets: [Attack] { paths + expressions + queries }

    private static var paths: [Attack] {
        let segments = [
            "%00", "a%00b", "%0a", "%1b%5b31m", "%ff%fe", "%", "%4", "%zz", "%252e%252e", "..", "%2e%2e", "...",
            "a%2fb", "a%5cb", many("x", 129), many("x", 3_000), "-", "_", ".", "active", "archive", ".rundir", "%C0%AE",
            "%F0%9F%92%A3", "a b", "nul", "*", "?", "#",
        ]
        return segments.flatMap { segment in
            [
                request("run \(segment.prefix(20))", "GET", "/runs/\(segment)/metadata", gets: .answered),
                request("PUT of run \(segment.prefix(20))", "PUT", "/runs/\(segment)/metadata/flags", gets: .refused),
                request(
                    "type \(segment.prefix(20))", "POST", "/runs/victim/metadata/\(segment)", type: "application/json",
                    gets: .refused
                ) { Array("{}".utf8) },
            ]
        }
            + [
                "../../../etc/passwd", "..%2f..%2fetc", "a/../../b", "a/./b", "a//b", "tfruns.d/flags.json",
                "TFRUNS.D/../tfruns.d/flags.json", many("d/", 1_900) + "f", many("n", 256), many("n", 3_900), "a%00b",
                "%0d%0aX:y",
            ].map { path in
                request("file \(path.prefix(30))", "PUT", "/runs/victim/files/\(path)", gets: .answered) { [1, 2, 3] }
            }
    }

    private static var expressions: [Attack] {
        let expressions: [(String, String)] = [
            ("plus signs", "eval_acc == \(many("+", 50_000))1"), ("minus signs", "\(many("-", 50_000))1 < eval_acc"),
            ("mixed signs", "eval_acc > \(many("-+", 20_000))2"), ("nots", "\(many("!", 50_000))TRUE"),
            ("parentheses", "\(many("(", 30_000))TRUE\(many(")", 30_000))"), ("open parentheses", many("(", 50_000)),
            ("is.na in is.na", "\(many("is.na(", 8_000))run\(many(")", 8_000))"),
            ("ors", "\(many("TRUE|", 12_000))TRUE"),
            ("ands", "\(many("run == \"a\" & ", 4_000))TRUE"), ("comparisons", many("1 < ", 14_000) + "1"),
            ("members", "run %in% c(\((0..<9_000).map(String.init).joined(separator: ",")))"),
            ("c in c", "run %in% \(many("c(", 9_000))1\(many(")", 9_000))"),
            ("%in% in a row", "run\(many(" %in% 1", 7_000))"),
            ("a name", "`\(many("n", 60_000))` == 1"), ("a text", "run == \"\(many("t", 60_000))\""),
            ("an open text", "run == \"\(many("t", 60_000))"), ("digits", "eval_acc > \(many("9", 60_000))"),
            ("an exponent", "eval_acc > 1e\(many("9", 5_000))"),
            ("columns", (0..<6_000).map { "flag_c\($0)" }.joined(separator: "&")),
            ("backslashes", "run == \"\(many("\\", 60_001))"), ("a NUL", "run == \"a\u{0}b\""),
            ("no UTF-8 sense", "\u{FFFD}\u{202E}"),
            ("nots of members", "\(many("!(run %in% c(1)) & ", 2_500))TRUE"),
        ]
        return expressions.map { name, expression in
            request(
                "where: \(name)", "POST", "/runs/purge", type: "application/json",
                gets: .answered
            ) { Array(#"{"where": "\#(escaped(expression))", "dry_run": true}"#.utf8) }
        }
            + expressions.map { name, expression in
                request(
                    "where in the target: \(name)", "GET", "/runs?where=\(encoded(expression).prefix(3_900))",
                    gets: .answered)
            }
    }

    /// A text within quotes of JSON.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\0": "\\u0000"
            default: String(scalar)
            }
        }.joined()
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    private static var queries: [Attack] {
        let names = (0..<400).map { "c\($0)" }.joined(separator: ",")
        let numbers = [
            "-1", "0", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e9", "NaN", "", "0x1",
        ]
        let targets =
            numbers.flatMap { number in
                [
                    "/runs?limit=\(number)", "/runs/victim/metrics?points=\(number)",
                    "/runs/victim/metrics?after=\(number)",
                    "/runs/victim/files?limit=\(number)",
                ]
            }
            + [
                "/runs?columns=\(names)", "/runs?order=\(names)", "/runs?order=\(many("-", 3_000))run",
                "/runs?cursor=\(many("x", 3_000))",
                "/runs?cursor=%00", "/runs?format=xml", "/runs?\(many("&", 3_000))", "/runs?\(many("a=b&", 900))",
                "/runs?where=\(many("%28", 1_200))", "/runs?%ff=%fe", "/compare?runs=\(many("victim,", 500))",
                "/compare?runs=,,,,",
                "/compare?runs=\((0..<300).map { "r\($0)" }.joined(separator: ","))", "/compare",
                "/runs/victim/metrics?columns=\(names)",
                "/runs/victim/metrics?columns=\(many("%60", 1_000))", "/runs/victim/files?cursor=..%2f..",
                "/runs?archived=maybe", "/runs?limit=1&limit=2", "/runs?order=\(many("run,", 400))start&limit=1",
            ]
        return targets.map { request("query \($0.prefix(50))", "GET", $0, gets: .answered) }
    }

    /// What a page of another site makes a browser send.
    static var browsers: [Attack] {
        let foreign: [(String, String)] = [
            ("Origin", "http://attacker.example"), ("Origin", "null"), ("Origin", "http://localhost.attacker.example"),
            ("Origin", "http://localhost:1"), ("Origin", "file://"), ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ]
        let changes: [(String, String)] = [
            ("POST", "/runs/purge"), ("POST", "/runs"), ("POST", "/runs/victim/complete"),
            ("DELETE", "/runs/victim?force=true"),
            ("PUT", "/runs/planted"), ("POST", "/runs/victim/metadata/flags"), ("PUT", "/runs/victim/files/planted"),
            ("POST", "/runs/victim/archive"), ("DELETE", "/runs/victim/files/model"),
            ("PATCH", "/runs/victim/metadata/flags"),
        ]
        let crossing = foreign.flatMap { name, value in
            changes.map { method, target in
                request(
                    "\(method) \(target) with \(name): \(value)", method, target,
                    type: "application/x-www-form-urlencoded",
                    headers: [(name, value)], gets: .status(403)
                ) { Array("where=TRUE&dry_run=false&force=true".utf8) }
            }
        }
        let rebound = [
            "attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example", "8.8.8.8", "[2001:db8::1]",
        ].map {
            host in
            raw("Host: \(host)", gets: .status(421)) { Array("GET /runs HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8) }
        }
        return crossing + rebound
    }
}
