import JSON
import TestSupport
import Testing

@testable import MetadataWriters

/// Whatever is sent, in whatever order: `ls_runs()`, `latest_run()`, `view_run()` and `compare_runs()` read the runs.
@Suite struct ReadByTfrunsTests {
    private let api: APIFixture

    init() throws { api = try .make() }

    private var reader: TfrunsReader { TfrunsReader(runs: "\(api.folder.path)/runs") }

    @discardableResult
    private func send(_ method: String, _ target: String, _ json: String) throws -> HTTPClient.Reply {
        let reply = try api.send(method, target, type: "application/json", json)
        #expect((200..<300).contains(reply.status), "\(method) \(target) \(json): \(reply.text)")
        return reply
    }

    // MARK: The end

    /// Ways in which a run comes to have a property that begins as `end` does, and no end.
    @Test(
        arguments: [
            [("PUT", "/runs/a", #"{"properties":{"endpoint":"http://x"}}"#)],
            [("PUT", "/runs/a", ""), ("POST", "/runs/a/metadata/properties", #"{"end_lr":0.001}"#)],
            [("PUT", "/runs/a", ""), ("PUT", "/runs/a", #"{"properties":{"endpoint":"x"}}"#)],
            [("PUT", "/runs/a", ""), ("PATCH", "/runs/a/metadata/properties", #"{"endpoint":"x"}"#)],
            [("PUT", "/runs/a", ""), ("POST", "/runs/a/metadata", #"{"properties":{"endpoint":"x"}}"#)],
            [("POST", "/runs/a/metadata/properties", #"{"endpoint":"x"}"#), ("PUT", "/runs/a", "")],
            [("POST", "/runs/active/metadata/properties", #"{"ending":"x"}"#), ("PUT", "/runs/a", "")],
            [
                ("PUT", "/runs/a", #"{"properties":{"endpoint":"x","end":1795499177}}"#),
                ("PATCH", "/runs/a/metadata/properties", #"{"end":null}"#),
            ],
            [
                ("PUT", "/runs/a", #"{"properties":{"endpoint":"x"}}"#), ("POST", "/runs/a/complete", ""),
                ("POST", "/runs/a/resume", ""),
            ],
        ])
    func noOtherPropertyIsTakenForTheEnd(requests: [(String, String, String)]) throws {
        for (method, target, json) in requests { try send(method, target, json) }
        try reader.readAll()
        let run = try api.send("GET", "/runs/a").json
        #expect(run["status"] == "running")
        #expect(run["end"] == nil)
        #expect(try api.send("GET", "/runs/a/metadata/properties").json["end"] == nil)
        #expect(try api.send("GET", "/runs?where=is.na(end)").json["runs"]?.array?.count == 1)

        // It ends as any other.
        try send("POST", "/runs/a/complete", "")
        #expect(try api.send("GET", "/runs/a").json["status"] == "completed")
        #expect(try api.send("GET", "/runs/a").json["end"]?.number != nil)
        try reader.readAll()
    }

    /// R looks whether there is such a file.
    @Test func noOtherPropertyIsTakenForTheMetrics() throws {
        try send("PUT", "/runs/a", #"{"properties":{"metrics_dir":"/tmp"}}"#)
        try reader.readAll()
        let properties = try api.send("GET", "/runs/a/metadata/properties").json
        #expect(properties["metrics_dir"] == "/tmp" && properties["metrics"] == nil)
        #expect(try api.send("GET", "/runs/a").json["metrics"] == nil)
        try send("POST", "/runs/a/metadata/metrics", #"{"loss":1}"#)
        try send("POST", "/runs/a/complete", "")
        try reader.readAll()
        try send("POST", "/runs/a/metadata/properties", #"{"metrics":"loss"}"#)
        #expect(try api.send("GET", "/runs/a").json["metrics"] == "loss")
    }

    /// R looks whether there is a file of the name that `metrics` has.
    @Test(arguments: [
        [("PUT", "/runs/a", #"{"properties":{"metrics":"/tmp"}}"#)],
        [("PUT", "/runs/a", ""), ("POST", "/runs/a/metadata/properties", #"{"metrics":["/tmp"]}"#)],
        [("PUT", "/runs/a", ""), ("PATCH", "/runs/a/metadata/properties", #"{"metrics":"/tmp"}"#)],
        [("POST", "/runs/a/metadata/properties", #"{"metrics":"/tmp"}"#), ("PUT", "/runs/a", "")],
        [("POST", "/runs/active/metadata/properties", #"{"metrics":"/tmp"}"#), ("PUT", "/runs/a", "")],
        [("PUT", "/runs/a", ""), ("POST", "/runs/a/metadata", #"{"properties":{"metrics":"/tmp"}}"#)],
    ])
    func aPropertyIsNotTakenForThePathOfMetrics(requests: [(String, String, String)]) throws {
        for (method, target, json) in requests { try send(method, target, json) }
        try reader.readAll()
        #expect(api.file("properties/metrics", of: "a") == "/tmp\n\n")
        #expect(try api.send("GET", "/runs/a/metadata/properties").json["metrics"] == "/tmp")
        #expect(try api.send("GET", "/runs/a").json["metrics"] == "/tmp")
        #expect(try api.send("GET", "/runs").json["runs"]?.array?.first?["metrics"] == "/tmp")
        #expect(try api.send("GET", "/runs?where=metrics%20==%20%22/tmp%22").json["count"] == 1)
        let patched = try send("PATCH", "/runs/a/metadata/properties", #"{"model":"x"}"#)
        #expect(try patched.json["metrics"] == "/tmp")
        try reader.readAll()
    }

    @Test func anEndThatComesAlongWithSuchAPropertyStays() throws {
        try send("PUT", "/runs/a", "")
        let client = try api.client()
        // One batch.
        let requests = [#"{"end":1795499177}"#, #"{"endpoint":"x"}"#].map {
            HTTPClient.request("POST", "/runs/a/metadata/properties", type: "application/json", body: Array($0.utf8))
        }
        try client.write(Array(requests.joined()))
        for _ in requests { #expect(try client.read().status == 201) }
        #expect(api.file("properties/end", of: "a") == "1795499177\n")
    }

    // MARK: The script

    private func archive(_ files: [String]) throws -> [UInt8] {
        let folder = TemporaryFolder()
        folder.write("archive", "")
        let writer = try ArchiveWriter(path: "\(folder.path)/archive")
        for file in files {
            let text = Array("\(file)\n".utf8)
            try writer.begin(file, size: text.count, mode: 0o644, modified: 1_795_512_600)
            try text.withUnsafeBytes { try writer.write($0) }
        }
        try writer.finish()
        return try #require(folder.read("archive"))
    }

    private func sendSource(_ files: [String], to run: String = "a") throws {
        let reply = try api.client()
            .send("POST", "/runs/\(run)/metadata/source", type: "application/gzip", body: archive(files))
        #expect(reply.status == 201 || reply.status == 202, "\(reply.text)")
    }

    /// Ways to say what the script is: the requests before the source, those after it.
    private static let ways: [(before: [(String, String, String)], after: [(String, String, String)])] = [
        (before: [("PUT", "/runs/a", #"{"script":"SCRIPT"}"#)], after: []),
        (before: [("PUT", "/runs/a", "")], after: [("PUT", "/runs/a", #"{"script":"SCRIPT"}"#)]),
        (
            before: [("PUT", "/runs/a", "")],
            after: [("POST", "/runs/a/metadata/properties", #"{"script":["SCRIPT"]}"#)]
        ),
        (
            before: [("PUT", "/runs/a", "")],
            after: [("PATCH", "/runs/a/metadata/properties", #"{"script":"SCRIPT"}"#)]
        ),
        (
            before: [("PUT", "/runs/a", "")],
            after: [("POST", "/runs/a/metadata", #"{"properties":{"script":"SCRIPT"},"flags":{"lr":1}}"#)]
        ),
        (before: [], after: [("PUT", "/runs/a", #"{"script":"SCRIPT"}"#)]),
        (
            before: [],
            after: [("POST", "/runs/a/metadata/properties", #"{"script":"SCRIPT"}"#), ("PUT", "/runs/a", "")]
        ),
        (
            before: [("POST", "/runs/a/metadata/properties", #"{"script":"SCRIPT"}"#)], after: [("PUT", "/runs/a", "")]
        ),
    ]

    /// What is given, and the file of the source that it is.
    @Test(
        arguments: [
            ("src/run.py", "src/run.py"), ("run.py", "src/run.py"), ("/home/x/job/src/run.py", "src/run.py"),
            (#"C:\\job\\src\\run.py"#, "src/run.py"), (#"src\\run.py"#, "src/run.py"),
            ("python -u src/run.py --lr 0.1", "src/run.py"), ("train.py", "train.py"), ("", "train.py"),
            ("gone.py", nil), ("job/gone.R", nil), ("gone(.py", "train.py"), ("src/odd(1.py", "src/odd(1.py"),
        ])
    func theScriptIsAtTheTopWhateverComesFirst(given: String, script: String?) throws {
        for (index, way) in Self.ways.enumerated() {
            let run = "a\(index)"
            func send(_ requests: [(String, String, String)]) throws {
                for (method, target, json) in requests {
                    try self.send(
                        method, target.replacing("/runs/a", with: "/runs/\(run)"), json.replacing("SCRIPT", with: given)
                    )
                }
            }
            try send(way.before)
            try sendSource(["source/src/run.py", "source/train.py", "source/src/odd(1.py"], to: run)
            try send(way.after)
            try reader.view(run)
            let named = try #require(api.file("properties/script", of: run)).dropLast()
            let top = named.split(separator: "/").last ?? ""
            let path = "\(api.folder.path)/runs/\(run)/tfruns.d/source.tar.gz"
            let text = try Command.succeed("tar", "xzOf", path, "source/\(top)")
            let expected = script.map { "source/\($0)\n" } ?? "# This script is not in the source that was sent.\n"
            #expect(String(decoding: text, as: UTF8.self) == expected, "way \(index)")
            // A path that is in no source is the client's word.
            if script == nil { #expect(named == given) }
            #expect(try api.send("GET", "/runs/\(run)").json["script"]?.string == String(named))
        }
        try reader.readAll()
    }

    @Test func whatWaitsForTheSessionHasItsScriptAtTheTop() throws {
        try sendSource(["src/run.py", "train.py"], to: "active")
        try send("POST", "/runs/active/metadata/properties", #"{"script":"src/run.py"}"#)
        try send("PUT", "/runs/a", "")
        try reader.view("a")
        #expect(api.file("properties/script", of: "a") == "src/run.py\n")
    }

    @Test func aScriptOfSourceThatNobodyCanReadIsWritten() throws {
        try send("PUT", "/runs/a", "")
        api.folder.write("runs/a/tfruns.d/source.tar.gz", "no archive")
        try send("POST", "/runs/a/metadata/properties", #"{"script":"src/run.py"}"#)
        #expect(api.file("properties/script", of: "a") == "src/run.py\n")
        #expect(api.file("source.tar.gz", of: "a") == "no archive")
    }

    // MARK: Names and numbers

    @Test func longTextsInArraysAreNoNames() throws {
        let long = String(repeating: "\u{1F600}\"\\", count: 4000)
        let flags: JSONValue = .object([
            "prompts": [.string(long), "b", ["c", .string(long)]], "one": [.string(long)],
        ])
        let text = String(decoding: JSONWriter.compact(flags), as: UTF8.self)
        try send("PUT", "/runs/a", "{\"flags\":\(text)}")
        #expect(try api.send("GET", "/runs/a/metadata/flags").json == flags)
        try reader.readAll()
    }

    @Test func missingCountsAreNotThere() throws {
        try send("PUT", "/runs/a", #"{"properties":{"steps":"NA","epochs":{},"samples":[]}}"#)
        try send("POST", "/runs/a/metadata/properties", #"{"steps":[]}"#)
        try reader.readAll()
        #expect(try api.send("GET", "/runs/a").json["steps_completed"] == 0)
        let reply = try api.send("POST", "/runs/a/metadata/properties", "steps=3000000000")
        #expect(reply.status == 422)
        #expect(reply.detail.contains("2147483647"))
    }
}
