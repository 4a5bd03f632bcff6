import JSON
import TestSupport
import Testing

/// Names of flags, evaluations and metrics that are taken, by every way in.
@Suite struct NamesTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
    }

    private static let long = String(repeating: "n", count: 256)
    private static let longMetric = String(repeating: "m", count: 1001)

    @Test(arguments: [
        ("flags", "application/json", #"{"lr":1,"a\u0000b":1}"#, "/a\0b"),
        ("flags", "application/json", #"{"a":{"b\n":1}}"#, "/a/b\n"),
        ("flags", "application/json", #"{"a":[{"b\u007f":1}]}"#, "/a/0/b\u{7F}"),
        ("flags", "application/json", #"{"a":{"":1}}"#, "/a/"),
        ("flags", "application/json", "{\"\(long)\":1}", "/\(long)"),
        ("flags", "application/x-www-form-urlencoded", "lr=1&a%00b=2", "/a\0b"),
        ("flags", "application/x-www-form-urlencoded", "a%C2%85=2", "/a\u{85}"),
        ("evaluation", "application/json", #"{"a\u001b[2J":1}"#, "/a\u{1B}[2J"),
        ("evaluation", "application/x-www-form-urlencoded", "\(long)=1", "/\(long)"),
        ("metrics", "application/json", #"{"a\u0000":1}"#, "/a\0"),
        ("metrics", "application/json", "{\"\(longMetric)\":1}", "/\(longMetric)"),
        ("metrics", "application/json", #"[{"a":1},{"b\t":1}]"#, "/1/b\t"),
        ("metrics", "application/json", #"{"a":[1,2],"b\u0000":[1,2]}"#, "/b\0"),
        ("metrics", "application/x-ndjson", "{\"a\":1}\n{\"b\u{7F}\":1}\n", "/1/b\u{7F}"),
        ("metrics", "text/csv", "a,b\u{1}\n1,2\n", "/0/b\u{1}"),
    ])
    func aNameThatMayNotBeSentIsRefused(_ type: String, _ media: String, _ body: String, _ pointer: String) throws {
        let reply = try api.send("POST", "/runs/a/metadata/\(type)", type: media, body)
        #expect(reply.status == 422 && reply.slug == "invalid-content", "\(reply.text)")
        #expect(try reply.json["pointer"]?.string == pointer)
        #expect(api.file("\(type).json", of: "a") == nil)
    }

    @Test func namesAreCheckedInPatchesAndWhereARunStartsToo() throws {
        let patch = try api.send("PATCH", "/runs/a/metadata/flags", type: "application/json", #"{"a\u0000b":1}"#)
        #expect(patch.status == 422, "\(patch.text)")
        let put = try api.send("PUT", "/runs/b", type: "application/json", #"{"flags":{"a\u0000b":1}}"#)
        #expect(put.status == 422, "\(put.text)")
        #expect(try api.send("GET", "/runs/b").status == 404)
        let form = try api.send(
            "POST", "/runs/a/metadata/flags", type: "multipart/form-data; boundary=B",
            "--B\r\nContent-Disposition: form-data; name=\"a\u{1}\"\r\n\r\n1\r\n--B--\r\n")
        #expect((400...422).contains(form.status), "\(form.text)")
    }

    @Test func longNamesThatMayBeSentAreKept() throws {
        let (flag, metric) = (String(repeating: "é", count: 127), String(repeating: "m", count: 1000))
        #expect(try api.send("POST", "/runs/a/metadata/flags", "{\"\(flag)\":1}").status == 201)
        #expect(try api.send("POST", "/runs/a/metadata/metrics", "{\"\(metric)\":1}").status == 201)
        let run = try api.send("GET", "/runs/a").json
        #expect(run["flag_" + flag] == 1 && run["metric_" + metric] == 1)
    }

    @Test(arguments: [
        ("properties", 1001, "--max-names"), ("flags", 10_001, "--max-columns"),
        ("evaluation", 10_001, "--max-columns"),
        ("metrics", 10_001, "--max-columns"),
    ])
    func moreNamesThanMayBeSentAreRefusedWithTheSettingsName(_ type: String, _ count: Int, _ setting: String) throws {
        let names = (0..<count).map { "\"n\($0)\":1" }
        let reply = try api.send("POST", "/runs/a/metadata/\(type)", "{\(names.joined(separator: ","))}")
        #expect(reply.status == 422, "\(reply.text)")
        #expect(reply.detail.contains(setting), "\(reply.detail)")
        let fewer = try api.send("POST", "/runs/a/metadata/\(type)", "{\(names.dropLast(20).joined(separator: ","))}")
        #expect(fewer.status == 201, "\(fewer.text)")
    }

    /// Names that add nothing to the run count too, and columns of a frame as much as those of a row.
    @Test(arguments: [("properties", 1001, "null", "--max-names"), ("metrics", 10_001, "[1]", "--max-columns")])
    func namesAreCountedWhateverTheyAreFor(_ type: String, _ count: Int, _ value: String, _ setting: String) throws {
        let names = (0..<count).map { "\"n\($0)\":\(value)" }
        let reply = try api.send("POST", "/runs/a/metadata/\(type)", "{\(names.joined(separator: ","))}")
        #expect(reply.status == 422 && reply.detail.contains(setting), "\(reply.text)")
        let fewer = try api.send("POST", "/runs/a/metadata/\(type)", "{\(names.dropLast().joined(separator: ","))}")
        #expect(fewer.status == 201, "\(fewer.text)")
    }

    @Test func newNamesInEachRowAreCountedTogether() throws {
        let rows = (0..<11).map { row in
            "{" + (0..<1000).map { "\"n\(row)-\($0)\":1" }.joined(separator: ",") + "}"
        }
        let reply = try api.send(
            "POST", "/runs/a/metadata/metrics", type: "application/x-ndjson", rows.joined(separator: "\n"))
        #expect(reply.status == 422 && reply.detail.contains("--max-columns"), "\(reply.text)")
        #expect(try reply.json["pointer"] == "/10")
    }

    /// Each request has fewer than it may, but not all of them together.
    @Test func aRunHasNoMorePropertiesThanItMay() throws {
        func send(_ numbers: Range<Int>) throws -> HTTPClient.Reply {
            let names = numbers.map { "\"n\($0)\":\"x\"" }
            return try api.send("POST", "/runs/a/metadata/properties", "{\(names.joined(separator: ","))}")
        }
        #expect(try send(0..<600).status == 201)
        let reply = try send(600..<1200)
        #expect(reply.status == 422 && reply.detail.contains("--max-names"), "\(reply.text)")
        #expect(try send(0..<600).status == 201)
        #expect(try api.send("POST", "/runs/a/complete").status == 200)
    }

    /// Messages are as long as their words.
    @Test(arguments: [
        "/runs?columns=" + (0..<500).map { "c\($0)" }.joined(separator: ","),
        "/runs?where=" + (0..<90).map { "c\($0)" }.joined(separator: "%7C"),
        "/runs?" + String(repeating: "x", count: 3000), "/runs?limit=" + String(repeating: "x", count: 3000),
        "/runs/a/metrics?points=" + String(repeating: "9", count: 3000),
        "/runs/a/metrics?columns=" + String(repeating: "c", count: 3000),
    ])
    func anErrorIsShortWhateverWasAskedFor(_ target: String) throws {
        let names = (0..<5000).map { "\"\(String(repeating: "n", count: 200))\($0)\":1" }
        try api.send("POST", "/runs/a/metadata/flags", "{\(names.joined(separator: ","))}")
        try api.send("POST", "/runs/a/metadata/metrics", "{\(names.joined(separator: ","))}")
        let reply = try api.send("GET", target)
        #expect(reply.status == 400, "\(reply.text.prefix(500))")
        #expect(reply.body.count < 10_000)
    }
}
