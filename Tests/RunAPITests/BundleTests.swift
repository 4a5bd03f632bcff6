import DirectoryStore
import Glibc
import JSON
import Limits
import RunMetadata
import RunStore
import TestSupport
import Testing

@testable import DirectoryStore
@testable import MetadataWriters

/// `/runs/{id}/bundle.tar.gz`, and what takes it in again.
@Suite struct BundleTests {
    private let api: APIFixture

    init() throws {
        api = try .make()
        try api.send("PUT", "/runs/a")
        try api.send("POST", "/runs/a/metadata/flags", type: "application/json", "{\"lr\":0.1}")
        try api.send("POST", "/runs/a/metadata/metrics", type: "application/json", "{\"loss\":1}")
        try api.send("PUT", "/runs/a/files/models/net.pt", String(repeating: "weights", count: 100_000))
    }

    /// The bundle of a run in a file.
    private func bundle(_ run: String, _ name: String = "b.tar.gz") throws -> String {
        let reply = try api.client().send("GET", "/runs/\(run)/bundle.tar.gz")
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.headers["content-type"] == "application/gzip")
        let file = try #require(fopen("\(api.folder.path)/\(name)", "w"))
        fwrite(reply.body, 1, reply.body.count, file)
        fclose(file)
        return "\(api.folder.path)/\(name)"
    }

    private func take(_ path: String, as id: String? = nil) throws {
        let run = try BundleReader.unpack(path, budget: Budget([])) {
            try RunImport(of: #require(RunID(id ?? $0)), into: "\(api.folder.path)/runs")
        }
        _ = try run.finish(in: .initialised)
    }

    @Test func aBundleIsTakenInAgainWholeWhileTheServerRuns() throws {
        try take(bundle("a"), as: "copy")
        for path in [
            "models/net.pt", "tfruns.d/flags.json", "tfruns.d/metrics.json", "tfruns.d/metrics.ndjson",
            "tfruns.d/properties/start",
        ] {
            #expect(api.folder.read("runs/copy/\(path)") == api.folder.read("runs/a/\(path)"), "\(path)")
        }
        #expect(api.folder.text("runs/copy/tfruns.d/metrics.json") == "{\n  \"loss\": [1]\n}\n")
        #expect(try api.send("GET", "/runs/copy").json["status"]?.string == "running")
        #expect(try api.send("PUT", "/runs/copy/files/new", "x").status == 201)
    }

    @Test func theExactListComesAlong() throws {
        try api.send("POST", "/runs/a/metadata/flags", type: "application/json", "{\"lr\":[0.1],\"off\":null}")
        try take(bundle("a"), as: "copy")
        #expect(try api.send("GET", "/runs/copy/metadata/flags").json == ["lr": [0.1], "off": nil])
        #expect(try api.send("GET", "/runs/copy/metadata").json["metadata"]?.array?.count == 3)
    }

    @Test func aRunThatIsThereIsNotReplaced() throws {
        let path = try bundle("a")
        #expect(throws: RunImport.Refusal.self) { try take(path) }
        try api.send("POST", "/runs/p/metadata/flags", type: "application/json", "{}")
        #expect(throws: RunImport.Refusal.self) { try take(path, as: "p") }
        try #require(rename("\(api.folder.path)/runs/a", "\(api.folder.path)/runs/.a") == 0)
        try take(path)
        #expect(try api.send("GET", "/runs/a/files/models/net.pt").body.count == 700_000)
    }

    @Test func anUnknownRunHasNoBundle() throws {
        #expect(try api.send("GET", "/runs/nope/bundle.tar.gz").slug == "unknown-run")
    }
}
