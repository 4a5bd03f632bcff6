import JSON
import TestSupport
import Testing

/// `rundir serve --store postgres://… --artifacts s3://…`: the same API for files of any size.
@Suite(.enabled(if: S3Server.isInstalled, "\(S3Server.needed)")) struct ArtifactServersTests {
    private let folder = TemporaryFolder()

    private func database() throws -> String {
        let postgres = try PostgresServer.shared.get()
        return postgres.address(of: try postgres.makeDatabase())
    }

    private func server(
        _ name: String, _ database: String, _ bucket: String, _ variables: [String: String] = [:]
    ) throws -> Server {
        let s3 = try S3Server.shared.get()
        return try Server(
            runs: "\(folder.path)/\(name)", "--store", database, "--unsynced-store", "--artifacts",
            "s3://\(bucket)/runs",
            variables: s3.variables.merging(variables) { $1 })
    }

    /// Each request has a connection: a reply that is read while it is sent ends its own.
    @Test func aLargeFileIsWrittenAndReadAsAnyOther() throws {
        let s3 = try S3Server.shared.get()
        let (database, bucket) = (try database(), try s3.makeBucket())
        let servers = [try server("a", database, bucket), try server("b", database, bucket)]
        #expect(servers[0].greeting.contains("large files in s3://\(bucket)/runs/"))
        // Lines of 16 bytes: 20 MiB.
        let text = (0..<1_310_720).map { "\(100_000_000 + $0) bytes\n" }.joined()
        #expect(try servers[0].connect().send("PUT", "/runs/one").status == 201)
        let path = "/runs/one/files/model.bin"
        let written = try servers[0].connect().send("PUT", path, text: text)
        #expect(written.status == 201)
        #expect(try s3.keys(in: bucket).count == 1)
        let head = try servers[1].connect().send("HEAD", path)
        #expect(head.status == 200 && head.headers["etag"] == written.headers["etag"])
        let whole = try servers[1].connect().send("GET", path)
        #expect(whole.status == 200 && whole.text == text && whole.headers["etag"] == written.headers["etag"])
        let part = try servers[1].connect().send("GET", path, headers: [("Range", "bytes=16000000-16000015")])
        #expect(part.status == 206 && part.text == "101000000 bytes\n")
        let tag = try #require(written.headers["etag"] as String?)
        #expect(try servers[0].connect().send("GET", path, headers: [("If-None-Match", tag)]).status == 304)
        #expect(
            try servers[0].connect().send("PUT", path, headers: [("If-Match", "\"0-0\"")], text: text).status == 412)
        let files = try servers[0].connect().send("GET", "/runs/one/files").json["files"]?.array
        let listed = files?.first { $0["path"] == "model.bin" }
        #expect(listed?["size"]?.number?.int == text.utf8.count)
        let bundle = try servers[1].connect().send("GET", "/runs/one/bundle.tar.gz")
        #expect(bundle.status == 200 && bundle.body.count > 1 << 20)
        #expect(try servers[1].connect().send("GET", "/ready").status == 200)
        for key in try s3.keys(in: bucket) { try s3.remove(key, from: bucket) }
        for server in servers {
            let gone = try server.connect().send("GET", path)
            #expect(gone.status == 500 && gone.text.contains("s3://\(bucket)/runs/"), "\(gone.status)")
        }
    }

    @Test(arguments: [
        (["AWS_SECRET_ACCESS_KEY": "wrong"], nil, "set AWS_SECRET_ACCESS_KEY"),
        (["AWS_ENDPOINT_URL": "http://127.0.0.1:1"], nil, "AWS_ENDPOINT_URL"),
        ([:], "no-such-bucket", "create the bucket"),
        (["AWS_ACCESS_KEY_ID": ""], nil, "set AWS_ACCESS_KEY_ID"), ([:], "UPPER", "no name of a bucket"),
    ])
    func whatIsSetWrongIsSaidAtTheStart(_ variables: [String: String], _ bucket: String?, _ words: String) throws {
        let bucket = try bucket ?? S3Server.shared.get().makeBucket()
        let database = try database()
        let failure = #expect(throws: Server.Failure.self) { try server("a", database, bucket, variables) }
        #expect(failure?.description.contains(words) == true, "\(failure?.description ?? "")")
    }
}
