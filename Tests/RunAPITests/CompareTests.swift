import JSON
import TestSupport
import Testing

@testable import MetadataWriters

/// `/compare`.
@Suite struct CompareTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        for (run, flags, source) in [
            (
                "a", #"{"lr":0.10,"same":1.0,"opt":{"name":"sgd"}}"#,
                ["source/train.py": "one\ntwo\n", "source/x": "\u{0}a"]
            ),
            (
                "b", #"{"lr":0.2,"same":1,"drop":0.5}"#,
                ["source/train.py": "one\n2\n", "source/x": "\u{0}b", "source/n": ""]
            ),
        ] {
            try api.send("PUT", "/runs/\(run)")
            try api.send("POST", "/runs/\(run)/metadata/flags", type: "application/json", flags)
            try api.send("POST", "/runs/\(run)/metadata/metrics", type: "application/json", #"{"loss":[2,1.50,null]}"#)
            try api.send("POST", "/runs/\(run)/metadata/evaluation", type: "application/json", #"{"acc":0.9}"#)
            let archive = try Self.archive(source)
            let reply = try api.client()
                .send("POST", "/runs/\(run)/metadata/source", type: "application/gzip", body: archive)
            #expect(reply.status == 201, "\(reply.text)")
        }
        try api.send("PUT", "/runs/plain")
    }

    private static func archive(_ files: [String: String]) throws -> [UInt8] {
        let output = ArchiveWriter.Output()
        let writer = try ArchiveWriter(to: output)
        for (name, text) in files {
            try writer.begin(name, size: text.utf8.count, mode: 0o644, modified: 0)
            try Array(text.utf8).withUnsafeBytes { try writer.write($0) }
        }
        try writer.finish()
        return output.take()
    }

    private func compare(_ query: String) throws -> JSONValue {
        let reply = try api.send("GET", "/compare?\(query)")
        #expect(reply.status == 200, "\(reply.text)")
        return try reply.json
    }

    private func text(_ value: JSONValue?) -> String {
        value.map { String(decoding: JSONWriter.compact($0), as: UTF8.self) } ?? ""
    }

    @Test func runsStandSideBySideInTheOrderInWhichTheyAreNamed() throws {
        let both = try compare("runs=b,plain,a")
        #expect(both["runs"] == ["b", "plain", "a"])
        #expect(
            text(both["flags"])
                == #"{"lr":[0.2,null,0.10],"same":[1,null,1.0],"drop":[0.5,null,null],"opt.name":[null,null,"sgd"]}"#)
        #expect(text(both["metrics"]) == #"{"loss":[1.50,null,1.50]}"#)
        #expect(text(both["evaluation"]) == #"{"acc":[0.9,null,0.9]}"#)
        #expect(both["properties"]?["type"] == ["training", "training", "training"])
    }

    @Test func whatIsTheSameIsLeftOutOnRequest() throws {
        let both = try compare("runs=a,b&differing=true&source=false")
        #expect(text(both["flags"]) == #"{"lr":[0.10,0.2],"opt.name":["sgd",null],"drop":[null,0.5]}"#)
        #expect(both["metrics"] == [:])
        #expect(both["evaluation"] == [:])
        #expect(both["properties"]?.object?.names == ["start"])
        #expect(both["source"] == nil)
    }

    @Test func sourcesAreComparedFileByFile() throws {
        let source = try #require(try compare("runs=a,b,plain")["source"]?.array)
        #expect(source.map { $0["run"]?.string } == ["b", "plain"])
        let files = try #require(source[0]["files"]?.array)
        #expect(files.map { $0["path"]?.string } == ["n", "train.py", "x"])
        #expect(files.map { $0["change"]?.string } == ["added", "changed", "changed"])
        #expect(files[1]["diff"] == "--- a/train.py\n+++ b/train.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n")
        #expect(files[2]["binary"] == true)
        #expect(files[2]["diff"] == nil)
        #expect(source[1]["files"]?.array?.map { $0["change"]?.string } == ["removed", "removed"])
    }

    /// One spoilt archive takes nothing else with it.
    @Test func aSourceThatCannotBeReadIsSaidToBeSo() throws {
        api.folder.write("runs/b/tfruns.d/source.tar.gz", "no gzip")
        let reply = try compare("runs=a,b")
        #expect(reply["source"]?.array?.first?["note"]?.string?.contains("b has a source that cannot be read") == true)
        #expect(reply["flags"]?["lr"] != nil)
    }

    @Test(arguments: [
        BadRequest("GET", "/compare", 400, "invalid-query", "at least two runs"),
        BadRequest("GET", "/compare?runs=a", 400, "invalid-query", "at least two runs"),
        BadRequest("GET", "/compare?runs=a,b,a", 400, "invalid-query", "\"a\" is named twice"),
        BadRequest("GET", "/compare?runs=a,.x", 400, "invalid-name", "\".x\""),
        BadRequest("GET", "/compare?runs=a,", 400, "invalid-name"),
        BadRequest("GET", "/compare?runs=a,nope", 404, "unknown-run", "\"nope\""),
        BadRequest("GET", "/compare?runs=no,a,nope", 404, "unknown-run", "\"no\", \"nope\""),
        BadRequest("GET", "/compare?runs=a,b&differing=1", 400, "invalid-query", "differing"),
        BadRequest("GET", "/compare?runs=a,b&x=1", 400, "invalid-query", "\"x\""),
    ])
    func badRequestsGetAClearReply(_ request: BadRequest) throws { try request.check(api) }

    /// A reply is made in memory: by values that are long, and by names that are many, each with a place for each run.
    @Test func whatWouldBeTooLongIsRefused() throws {
        let api = try APIFixture.make(maxBody: 16 << 20)
        for number in 0..<6 {
            let long = #"{"flags":{"text":"\#(String(repeating: "x", count: 15 << 20))"}}"#
            #expect(try api.send("PUT", "/runs/long-\(number)", type: "application/json", long).status == 201)
        }
        let longRuns = (0..<6).map { "long-\($0)" }.joined(separator: ",")
        for run in 0..<25 {
            let names = (0..<9000).map { "\"f\(run)-\($0)\":1" }.joined(separator: ",")
            let body = "{\"flags\":{\(names)}}"
            #expect(try api.send("PUT", "/runs/wide-\(run)", type: "application/json", body).status == 201)
        }
        let wideRuns = (0..<25).map { "wide-\($0)" }.joined(separator: ",")
        for runs in [longRuns, wideRuns] {
            let reply = try api.send("GET", "/compare?source=false&runs=\(runs)")
            #expect(reply.status == 400 && reply.text.contains("name fewer runs"), "\(reply.text.prefix(300))")
        }
        #expect(try api.send("GET", "/compare?source=false&runs=long-0,long-1").status == 200)
    }
}
