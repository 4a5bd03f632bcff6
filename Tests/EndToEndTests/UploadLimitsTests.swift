import JSON
import TestSupport
import Testing

/// What uploads take of the whole server.
@Suite struct UploadLimitsTests {
    private let folder = TemporaryFolder()

    /// Fails where each file of a form holds a descriptor.
    @Test func formOfManyFilesNeedsFewDescriptors() throws {
        let server = try Server(runs: folder.path)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/run").status == 201)
        let most = server.openDescriptors + 40
        try Command.succeed("prlimit", "--pid", "\(server.process.id)", "--nofile=\(most):\(most)")
        let form = MultipartForm(files: (0..<2000).map { ("lib/\($0).py", "x = \($0)\n") })
        let reply = try client.send("POST", "/runs/run/metadata/source", type: form.mediaType, body: form.body)
        #expect(reply.status == 201, "\(reply.text)")
        let names = try Command.succeed("tar", "tzf", "\(folder.path)/run/tfruns.d/source.tar.gz")
        #expect(
            String(decoding: names, as: UTF8.self).split(separator: "\n").count == 2001, "with the script at the top")
    }

    /// Fails where a thread waits for each archive that comes.
    @Test func unfinishedUploadsHaveNoThreadEach() throws {
        let server = try Server(runs: "\(folder.path)/runs")
        let before = try threads(of: server)
        // It does not get smaller.
        try Command.succeed("dd", "if=/dev/urandom", "of=\(folder.path)/large", "bs=1000000", "count=4")
        let archive = try Command.succeed("tar", "cz", "-C", folder.path, "large")
        let half = Array(archive.prefix(archive.count / 2))
        let clients = try (0..<40).map { number in
            let client = try server.connect()
            let head =
                "POST /runs/r\(number)/metadata/source HTTP/1.1\r\nHost: localhost\r\n"
                + "Content-Type: application/gzip\r\nContent-Length: \(half.count + 10)\r\n\r\n"
            try client.write(Array(head.utf8) + half)
            return client
        }
        let staging = "\(folder.path)/runs/.rundir/staging"
        #expect(eventually { DirectoryTree(staging).entries.count == clients.count }, "\(DirectoryTree(staging))")
        #expect(try threads(of: server) <= before + 8)
        withExtendedLifetime(clients) {}
    }

    /// Fails when unfinished uploads can take the descriptors that others need, or keep them.
    @Test func unfinishedUploadsLeaveDescriptorsToOthers() throws {
        let server = try Server(runs: "\(folder.path)/runs", descriptors: 120)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/run").status == 201)
        let part = [UInt8](repeating: 1, count: 300_000)
        // A quarter of all.
        var clients = try (0..<30).map { number in
            let client = try server.connect()
            try client.begin("PUT", "/runs/run/files/\(number)", type: "application/octet-stream", length: 400_000)
            try client.write(part)
            return client
        }
        let staging = "\(folder.path)/runs/.rundir/staging"
        #expect(eventually { DirectoryTree(staging).entries.count == clients.count })
        let refused = try client.send("PUT", "/runs/run/files/more", body: part)
        #expect(refused.status == 503 && refused.headers["retry-after"] != nil, "\(refused.text)")
        let next = try server.connect()
        #expect(try next.sendJSON("POST", "/runs/run/metadata/metrics", #"{"step": 1, "loss": 1}"#).status == 201)
        #expect(try next.send("GET", "/runs").status == 200)
        clients.removeAll()
        #expect(eventually { DirectoryTree(staging).entries.isEmpty })
        #expect(try server.connect().send("PUT", "/runs/run/files/more", body: part).status == 201)
    }

    @Test func importHasLimitsThatCanBeRaised() throws {
        folder.write("in/z/tfruns.d/flags.json", "{}")
        folder.write("in/z/model.bin", String(repeating: "x", count: 100_000))
        try Command.succeed("tar", "czf", "\(folder.path)/z.tar.gz", "-C", "\(folder.path)/in", "z")
        for source in ["\(folder.path)/z.tar.gz", "\(folder.path)/in/z"] {
            for (option, value) in [("--max-bytes", "90000"), ("--max-entries", "2")] {
                let command = try Command(
                    arguments: [Server.executable, "import", "--runs", "\(folder.path)/runs", option, value, source])
                #expect(command.ending == .exited(1))
                #expect(command.errors.contains("(\(option))"), "\(command.errors)")
                #expect(!folder.exists("runs/z"))
            }
        }
        try Command.succeed(
            Server.executable, "import", "--runs", "\(folder.path)/runs", "--max-bytes", "200000",
            "\(folder.path)/z.tar.gz")
        #expect(folder.exists("runs/z/model.bin"))
    }

    private func threads(of server: Server) throws -> Int {
        let status = try #require(contents(of: "/proc/\(server.process.id)/status"))
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("Threads:") }
        return try #require(line.flatMap { Int($0.split(separator: "\t")[1]) })
    }
}
