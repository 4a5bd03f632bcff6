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

    @Test func aLargeFileIsWrittenAndReadAsAnyOther() throws {
        let s3 = try S3Server.shared.get()
        let (database, bucket) = (try database(), try s3.makeBucket())
        let servers = [try server("a", database, bucket), try server("b", database, bucket)]
        // All requests on a connection.
        let clients = try servers.map { try $0.connect() }
        #expect(servers[0].greeting.contains("large files in s3://\(bucket)/runs/"))
        // Lines of 16 bytes: 20 MiB.
        let text = (0..<1_310_720).map { "\(100_000_000 + $0) bytes\n" }.joined()
        #expect(try clients[0].send("PUT", "/runs/one").status == 201)
        let path = "/runs/one/files/model.bin"
        let written = try clients[0].send("PUT", path, text: text)
        #expect(written.status == 201)
        #expect(try s3.keys(in: bucket).count == 1)
        let head = try clients[1].send("HEAD", path)
        #expect(head.status == 200 && head.headers["etag"] == written.headers["etag"])
        #expect(head.headers["content-length"] == "\(text.utf8.count)" && head.headers["accept-ranges"] == "bytes")
        let whole = try clients[1].send("GET", path)
        #expect(whole.status == 200 && whole.text == text && whole.headers["etag"] == written.headers["etag"])
        #expect(whole.headers["content-length"] == "\(text.utf8.count)" && whole.headers["connection"] == nil)
        let most = try clients[1].send("GET", path, headers: [("Range", "bytes=16-")])
        #expect(most.status == 206 && most.body.count == text.utf8.count - 16 && most.body.first == text.utf8.first)
        #expect(most.headers["content-range"] == "bytes 16-\(text.utf8.count - 1)/\(text.utf8.count)")
        let part = try clients[1].send("GET", path, headers: [("Range", "bytes=16000000-16000015")])
        #expect(part.status == 206 && part.text == "101000000 bytes\n")
        let tag = try #require(written.headers["etag"] as String?)
        #expect(try clients[0].send("GET", path, headers: [("If-None-Match", tag)]).status == 304)
        #expect(
            try clients[0].send("PUT", path, headers: [("If-Match", "\"0-0\"")], text: text).status == 412)
        let files = try clients[0].send("GET", "/runs/one/files").json["files"]?.array
        let listed = files?.first { $0["path"] == "model.bin" }
        #expect(listed?["size"]?.number?.int == text.utf8.count)
        let bundle = try clients[1].send("GET", "/runs/one/bundle.tar.gz")
        #expect(bundle.status == 200 && bundle.body.count > 1 << 20)
        #expect(try clients[1].send("GET", "/ready").status == 200)
        for key in try s3.keys(in: bucket) { try s3.remove(key, from: bucket) }
        for (client, path) in [(clients[0], path), (clients[1], path), (clients[0], "/runs/one/bundle.tar.gz")] {
            let gone = try client.send("GET", path)
            #expect(gone.status == 500 && gone.text.contains("s3://\(bucket)/runs/"), "\(path): \(gone.status)")
        }
    }

    /// Reads of large files and uploads, more than there are threads of a kind, wait for S3, and nothing else does.
    @Test func nothingElseWaitsWhileS3IsSilent() throws {
        let s3 = try S3Server.shared.get()
        let (proxy, bucket) = (try s3.proxy(), try s3.makeBucket())
        let server = try server("a", try database(), bucket, s3.variables(by: proxy))
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/one").status == 201)
        let file = [UInt8](repeating: 1, count: 2 << 20)
        #expect(try client.send("PUT", "/runs/one/files/model", body: file).status == 201)
        let before = proxy.heads.count
        proxy.hold()
        let reads = try (0..<10).map { _ in try server.connect() }
        for (number, read) in reads.enumerated() {
            let path = number % 3 == 0 ? "/runs/one/bundle.tar.gz" : "/runs/one/files/model"
            try read.write(HTTPClient.request("GET", path))
        }
        #expect(eventually { proxy.heads.count > before })
        #expect(try client.send("GET", "/runs/one").status == 200)
        #expect(try client.send("GET", "/runs").status == 200)
        #expect(try client.send("PUT", "/runs/one/files/small", text: "text").status == 201)
        #expect(try client.send("GET", "/runs/one/files/small").text == "text")
        #expect(try client.send("GET", "/compare?runs=one&source=false").status != 503)
        #expect(reads.contains { !$0.hasBytes }, "some still wait")
        proxy.release()
        for read in reads { #expect([200, 503].contains(try read.read(hasBody: false).status)) }
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
