import TestSupport

/// JSON, rows and gzip.
extension Attack {
    private static let standard = ["flags", "evaluation", "properties", "metrics", "error"]
    /// What names they have is up to whoever registered them.
    private static let custom = ["notes", "samples", "sums"]

    private static func post(
        _ name: String, _ type: String, gets outcome: Outcome, media: String = "application/json",
        headers: [(String, String)] = [], _ body: @escaping @Sendable () throws -> String
    ) -> Attack {
        request(
            "\(type): \(name)", "POST", "/runs/victim/metadata/\(type)", type: media, headers: headers, gets: outcome
        ) {
            Array(try body().utf8)
        }
    }

    static var documents: [Attack] {
        let documents: [(String, Outcome, @Sendable () -> String)] = [
            ("arrays in arrays", .refused, { many("[", 200_000) }),
            ("arrays in arrays, closed", .refused, { many("[", 90_000) + many("]", 90_000) }),
            ("objects in objects", .refused, { many(#"{"a":"#, 70_000) + "1" + many("}", 70_000) }),
            ("both by turns", .refused, { many(#"[{"a":"#, 50) + "1" + many("}]", 50) }),
            ("400,000 members", .answered, { "{" + (0..<400_000).map { #""\#($0)":1"# }.joined(separator: ",") + "}" }),
            ("1,500,000 values", .answered, { #"{"a":["# + many("1,", 1_500_000) + "1]}" }),
            ("a name of 300 bytes", .answered, { #"{"\#(many("n", 300))": 1}"# }),
            ("a name of 3 MB", .refused, { #"{"\#(many("n", 3_000_000))": 1}"# }),
            ("a NUL in a name", .refused, { #"{"a\u0000b": 1, "a\u0000c": 2}"# }),
            ("a line break in a name", .refused, { #"{"a\nb": 1}"# }),
            ("an empty name", .refused, { #"{"": 1}"# }),
            ("a number of 1,000,000 digits", .answered, { #"{"a": \#(many("7", 1_000_000))}"# }),
            ("an exponent of 100,000 digits", .answered, { #"{"a": 1e\#(many("9", 100_000))}"# }),
            ("a name twice", .refused, { #"{"a": 1, "a": 2}"# }),
            ("a lone surrogate", .refused, { #"{"a": "\ud800"}"# }),
            ("nothing but spaces", .refused, { many(" ", 1_000_000) }),
            ("cut in a text", .refused, { #"{"a": ""# + many("x", 100_000) }),
            ("5 MB", .status(413), { #"{"a": "\#(many("x", 5 << 20))"}"# }),
        ]
        let sent =
            standard.flatMap { type in documents.map { post($0.0, type, gets: $0.1, $0.2) } }
            + custom.flatMap { type in documents.map { post($0.0, type, gets: .answered, $0.2) } }
        let patched = ["flags", "properties", "evaluation"].flatMap { type in
            documents.map { name, outcome, body in
                request(
                    "PATCH \(type): \(name)", "PATCH", "/runs/victim/metadata/\(type)",
                    type: "application/merge-patch+json",
                    gets: outcome
                ) { Array(body().utf8) }
            }
        }
        let started = documents.map { name, outcome, body in
            request("start: \(name)", "PUT", "/runs/started", type: "application/json", gets: outcome) {
                Array(#"{"flags": \#(body())}"#.utf8)
            }
        }
        return sent + patched + started
    }

    static var rows: [Attack] {
        let extremes = [
            "9223372036854775808", "-9223372036854775809", "1e400", "1e-400", "0.5", "\"1\"", "null", "true", "[]",
            "{}",
            many("1", 5_000),
        ]
        let keys = extremes.flatMap { number in
            ["step", "epoch"].map { key in
                post("\(key) \(number.prefix(24))", "metrics", gets: .answered) {
                    #"{"\#(key)": \#(number), "loss": 1}"#
                }
            }
        }
        let wide = (0..<3).map { round in
            post("20,000 new columns, round \(round)", "metrics", gets: .answered) {
                "{" + (0..<20_000).map { #""w\#(round)_\#($0)":1"# }.joined(separator: ",") + "}"
            }
        }
        let lines = [
            post("300,000 empty lines", "metrics", gets: .answered, media: "application/x-ndjson") {
                many("\n", 300_000)
            },
            post("100,000 empty rows", "metrics", gets: .answered, media: "application/x-ndjson") {
                many("{}\n", 100_000)
            },
            post("a line that is cut", "metrics", gets: .refused, media: "application/x-ndjson") {
                many(#"{"step": 1, "loss": 2}"# + "\n", 100) + #"{"step""#
            },
            post("CSV of 300,000 columns", "metrics", gets: .answered, media: "text/csv") {
                (0..<300_000).map { "c\($0)" }.joined(separator: ",") + "\n" + many("1,", 299_999) + "1\n"
            },
            post("CSV of commas", "metrics", gets: .refused, media: "text/csv") { many(",", 2_000_000) },
            post("CSV with an open quote", "metrics", gets: .refused, media: "text/csv") {
                "a,b\n\"" + many("x\n", 100_000)
            },
            post("CSV with a NUL", "metrics", gets: .refused, media: "text/csv") { "a\u{0}b,c\n1,2\n" },
            post("rows of other lengths", "metrics", gets: .refused) { #"{"a": [1, 2, 3], "b": [1]}"# },
            post("nested 60 deep", "metrics", gets: .answered) { many(#"{"n":"#, 60) + "1" + many("}", 60) },
        ]
        let reads = ["points=1", "points=1000", "after=3", "columns=loss", "format=csv"].map {
            request("reading it all: \($0)", "GET", "/runs/victim/metrics?\($0)", gets: .answered)
        }
        return keys + wide + lines + reads + [request("listing it all", "GET", "/runs", gets: .status(200))]
    }

    /// Bodies with `Content-Encoding: gzip`.
    static var packed: [Attack] {
        (standard + custom).flatMap { type in
            ["zeros", "members", "rubbish", "cut", "deep"].map { kind in
                request(
                    "gzip of \(kind) for \(type)", "POST", "/runs/victim/metadata/\(type)", type: "application/json",
                    headers: [("Content-Encoding", "gzip")], gets: .refused
                ) { try gzip(kind) }
            }
        }
            + ["br", "deflate", "gzip, gzip", many("gzip, ", 500)].map { coding in
                request(
                    "Content-Encoding: \(coding.prefix(20))", "POST", "/runs/victim/metadata/flags",
                    type: "application/json",
                    headers: [("Content-Encoding", coding)], gets: .refused
                ) { [1, 2, 3] }
            }
    }

    private static func gzip(_ kind: String) throws -> [UInt8] {
        let program =
            """
            import gzip, sys
            kinds = {"zeros": lambda: gzip.compress(bytes(64 << 20)) * 60, "members": lambda: gzip.compress(b"") * 90_000,
                "rubbish": lambda: b"\\x1f\\x8b" + bytes(range(256)) * 100, "cut": lambda: gzip.compress(b'{"a": 1}' * 999)[:-30],
                "deep": lambda: gzip.compress(b"[" * 3_000_000)}
            sys.stdout.buffer.write(kinds["\(kind)"]())
            """
        return try Command.python(program, directory: "/")
    }
}
