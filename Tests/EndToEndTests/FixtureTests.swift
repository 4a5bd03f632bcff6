import JSON
import TestSupport
import Testing

/// What tfruns wrote is sent over HTTP, and the directory that comes of it is the one that tfruns wrote.
@Suite struct FixtureTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let client: HTTPClient

    init() throws {
        server = try Server(runs: folder.path)
        client = try server.connect()
    }

    @Test("A run sent over HTTP is the directory that tfruns wrote", arguments: TfrunsFixture.runs)
    func runSentOverHTTPIsTheDirectoryThatTfrunsWrote(run: String) throws {
        let fixture = TfrunsFixture(run: run)
        #expect(fixture.tree.files.count > 8)
        try send(fixture)
        let written = DirectoryTree("\(folder.path)/\(run)/tfruns.d")
        #expect(written.files == fixture.tree.files)
        for path in fixture.tree.files where path != "source.tar.gz" {
            #expect(
                written[path].map { String(decoding: $0, as: UTF8.self) }
                    == fixture.tree[path].map { String(decoding: $0, as: UTF8.self) }, "\(path)")
        }
        let expected = try unpacked("\(fixture.data)/source.tar.gz")
        let found = try unpacked("\(folder.path)/\(run)/tfruns.d/source.tar.gz")
        #expect(found == expected)
        #expect(found.files.first?.hasPrefix("source/") == true)
    }

    @Test("What was sent is read back as it was", arguments: TfrunsFixture.runs)
    func whatWasSentIsReadBack(run: String) throws {
        let fixture = TfrunsFixture(run: run)
        try send(fixture)
        for type in ["flags", "metrics", "evaluation", "error"] {
            let reply = try client.send("GET", "/runs/\(run)/metadata/\(type)")
            guard let bytes = fixture.tree["\(type).json"] else {
                expectProblem(reply, 404)
                continue
            }
            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == "application/json")
            #expect(reply.text == String(decoding: bytes, as: UTF8.self))
        }
        let properties = try client.send("GET", "/runs/\(run)/metadata/properties").json.object ?? JSONObject()
        #expect(Set(properties.names) == Set(fixture.properties.names))
        for member in fixture.properties.members {
            #expect(properties[member.name]?.string == member.value.string ?? "", "\(member.name)")
        }
        let source = try client.send("GET", "/runs/\(run)/metadata/source")
        #expect(source.headers["content-type"] == "application/gzip")
        #expect(source.body == server.file("source.tar.gz", of: run))
    }

    @Test("Metrics sent row by row are the same frame as sent whole", arguments: TfrunsFixture.runs)
    func metricsSentRowByRowAreTheSameFrame(run: String) throws {
        let fixture = TfrunsFixture(run: run)
        try send(fixture)
        #expect(try client.send("PUT", "/runs/row-by-row").status == 201)
        for row in try fixture.metricsRows {
            let text = String(decoding: JSONWriter.compact(.object(row)), as: UTF8.self)
            #expect(try client.sendJSON("POST", "/runs/row-by-row/metadata/metrics", text).status == 201)
        }
        let rows = try client.send("GET", "/runs/row-by-row/metadata/metrics")
        let whole = try client.send("GET", "/runs/\(run)/metadata/metrics")
        #expect(rows.status == 200)
        #expect(try rows.json == whole.json)
        #expect(rows.text == whole.text)
        #expect(try client.sendEmpty("POST", "/runs/row-by-row/complete").status == 200)
        #expect(server.file("metrics.json", of: "row-by-row") == fixture.tree["metrics.json"])
    }

    @Test("A run has the columns that ls_runs() gave it", arguments: TfrunsFixture.runs)
    func runHasTheColumnsOfLsRuns(run: String) throws {
        let fixture = TfrunsFixture(run: run)
        try send(fixture)
        let found = try client.send("GET", "/runs/\(run)").json.object ?? JSONObject()
        let row = try fixture.row
        #expect(found["run"] == .string(run))
        for member in row.members {
            switch member.name {
            // Paths in R's working directory.
            case "run_dir", "metrics", "source_code": continue
            case "start", "end":
                // There in milliseconds.
                let seconds = try #require(found[member.name]?.number?.double)
                let expected = try #require(member.value.number?.double)
                #expect(abs(seconds * 1000 - expected) < 1, "\(member.name)")
            default: #expect(found[member.name] == member.value, "\(member.name)")
            }
        }
        let listed = try client.send("GET", "/runs").json["runs"]?.array?.first
        #expect(listed == .object(found))
        // And no column of these kinds that ls_runs() did not have.
        for name in found.names where Self.isColumn(name) { #expect(row[name] != nil, "\(name)") }
        #expect(found["status"]?.string == (row["error_message"] == nil ? "completed" : "failed"))
    }

    private static func isColumn(_ name: String) -> Bool {
        name.hasPrefix("metric_") || name.hasPrefix("flag_") || name.hasPrefix("eval_") || name.hasSuffix("_completed")
            || name.hasPrefix("error_")
    }

    /// Sends all that a run holds. The properties come last: an error ends the run now, but these say when it was.
    private func send(_ fixture: TfrunsFixture) throws {
        let path = "/runs/\(fixture.run)"
        #expect(try client.send("PUT", path).status == 201)
        for type in ["flags", "metrics", "evaluation", "error"] {
            guard let bytes = fixture.tree["\(type).json"] else { continue }
            let reply = try client.send("POST", "\(path)/metadata/\(type)", type: "application/json", body: bytes)
            #expect(reply.status == 201, "\(type): \(reply.text)")
        }
        let source = try #require(fixture.tree["source.tar.gz"])
        let upload = try client.send("POST", "\(path)/metadata/source", type: "application/gzip", body: source)
        #expect(upload.status == 201, "\(upload.text)")
        let properties = JSONWriter.compact(.object(fixture.properties))
        let reply = try client.send("POST", "\(path)/metadata/properties", type: "application/json", body: properties)
        #expect(reply.status == 201, "\(reply.text)")
    }

    /// What is in an archive, by the system's tar.
    private func unpacked(_ archive: String) throws -> DirectoryTree {
        let folder = TemporaryFolder()
        try Command.succeed("tar", "xzf", archive, "-C", folder.path)
        return DirectoryTree(folder.path)
    }
}
