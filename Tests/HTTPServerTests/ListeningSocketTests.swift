import Glibc
import HTTPServer
import TestSupport
import Testing

/// Sockets of this machine's own (unix(7)).
@Suite struct ListeningSocketTests {
    private let folder = TemporaryFolder()
    private var path: String { "\(folder.path)/socket" }

    private func failure(_ path: String) -> String? {
        #expect(throws: ListeningSocket.Failure.self) { _ = try ListeningSocket(path: path, mode: 0o600) }?.description
    }

    @Test(arguments: [0o600, 0o660, 0o777])
    func fileHasTheMode(mode: Int) throws {
        let socket = try ListeningSocket(path: path, mode: mode)
        defer { close(socket.descriptor) }
        var status = stat()
        #expect(lstat(path, &status) == 0)
        #expect(Int(status.st_mode & 0o777) == mode)
        #expect(socket.address == "unix:\(path)")
        #expect(!socket.isOfNetwork)
        #expect(socket.port == 0)
        socket.removeFile()
        #expect(!folder.exists("socket"))
    }

    @Test func fileThatWasLeftBehindIsReplaced() throws {
        close(try ListeningSocket(path: path, mode: 0o600).descriptor)
        #expect(folder.exists("socket"))
        let second = try ListeningSocket(path: path, mode: 0o600)
        #expect(failure(path) == "cannot listen on unix:\(path): another program listens there")
        close(second.descriptor)
    }

    @Test func fileOfAnotherKindIsLeft() {
        folder.write("socket", "text")
        #expect(failure(path) == "cannot listen on unix:\(path): there is a file of another kind")
        #expect(folder.text("socket") == "text")
    }

    @Test func fileThatIsAnothersByNowIsLeft() throws {
        let first = try ListeningSocket(path: path, mode: 0o600)
        unlink(path)
        let second = try ListeningSocket(path: path, mode: 0o600)
        first.removeFile()
        #expect(folder.exists("socket"))
        second.removeFile()
        #expect(!folder.exists("socket"))
        for socket in [first, second] { close(socket.descriptor) }
    }

    @Test func pathThatCannotBeIsRefusedInWords() {
        let long = "\(folder.path)/\(String(repeating: "a", count: 108))"
        #expect(failure(long)?.hasSuffix("a path has to have 1 to 107 bytes") == true)
        #expect(failure("\(folder.path)/no/socket")?.hasSuffix("No such file or directory") == true)
    }

    /// Over TLS, plain, and by a socket file at the same time.
    @Test func oneServerListensInSeveralPlaces() throws {
        let workers = Workers(threads: 2)
        let sockets = [
            try ListeningSocket(host: "127.0.0.1", port: 0), try ListeningSocket(host: "127.0.0.1", port: 0),
            try ListeningSocket(path: path, mode: 0o600),
        ]
        let credentials = TLSCredentials(try Transport.identity.get())
        let server = try HTTPServer(
            sockets: sockets, tls: credentials, handler: FixtureHandler.make(), workers: workers)
        defer {
            server.stop()
            workers.stop()
        }
        #expect(server.port == sockets[0].port)
        for _ in 0..<20 {
            for socket in sockets[..<2] {
                let client = try HTTPClient(port: socket.port, isEncrypted: true)
                #expect(try client.send("GET", "/network").text == "GET /network ")
            }
            let text = try Command.succeed(
                "curl", "-sS", "--unix-socket", path, "http://localhost/file", "--data-binary", "@-")
            #expect(String(decoding: text, as: UTF8.self) == "POST /file ")
        }
    }
}
