import Foundation
import JSON
import TestSupport
import Testing

/// `rundir serve` over TLS, as curl and others see it.
@Suite struct TLSTests {
    private let folder = TemporaryFolder()
    private var runs: String { "\(folder.path)/runs" }

    /// The line that tells the pin.
    private static func pin(_ server: Server) throws -> String {
        let start = try #require(server.output.range(of: "sha256//"))
        return String(server.output[start.lowerBound...].prefix { $0 != "'" })
    }

    /// Runs curl, which trusts the server's own certificate.
    private func curl(_ server: Server, _ path: String, _ options: String...) throws -> Command {
        try Command(
            arguments: ["curl", "-sS", "--cacert", "\(runs)/.rundir/tls/certificate.pem"] + options
                + ["https://localhost:\(server.port)\(path)"])
    }

    private func text(_ command: Command) -> String { String(decoding: command.output, as: UTF8.self) }

    @Test func rowsAreWrittenAndRead() throws {
        let server = try Server(runs: runs, "--tls-self-signed")
        #expect(server.greeting.contains("rundir on https://127.0.0.1:\(server.port), runs in"))
        #expect(try curl(server, "/runs/a", "-X", "PUT").ending == .exited(0))
        for epoch in 1...3 {
            let row = #"{"epoch": \#(epoch), "loss": 0.\#(epoch)}"#
            #expect(try curl(server, "/runs/a/metadata/metrics", "-f", "-d", row).ending == .exited(0))
        }
        let reply = try curl(server, "/runs/a/metrics?format=csv")
        #expect(text(reply).hasSuffix("1,0.1\n2,0.2\n3,0.3\n"), "\(text(reply))")
    }

    @Test func pinIsPrintedAndStaysTheSame() throws {
        var pins: [String] = []
        for _ in 0..<2 {
            let server = try Server(runs: runs, "--tls-self-signed")
            let pin = try Self.pin(server)
            pins.append(pin)
            func status(_ pin: String) throws -> ChildProcess.Ending {
                try Command(
                    "curl", "-sS", "--insecure", "--pinnedpubkey", pin, "https://127.0.0.1:\(server.port)/health"
                ).ending
            }
            #expect(try status(pin) == .exited(0))
            // CURLE_SSL_PINNEDPUBKEYNOTMATCH
            #expect(try status("sha256//\(String(repeating: "A", count: 43))=") == .exited(90))
            try server.terminate()
        }
        #expect(pins[0] == pins[1])
    }

    @Test func uploadOf20MBIsStoredAndComesBackWholeAndInParts() throws {
        let server = try Server(runs: runs, "--tls-self-signed")
        try Command.succeed("sh", "-c", "head -c 20000000 /dev/urandom > net.pt", directory: folder.path)
        #expect(try curl(server, "/runs/a", "-X", "PUT").ending == .exited(0))
        let sent = try curl(server, "/runs/a/files/net.pt", "-f", "-T", "\(folder.path)/net.pt")
        #expect(sent.ending == .exited(0), "\(sent.errors)")
        let stored = contents(of: "\(runs)/a/net.pt") ?? []
        let original = folder.read("net.pt") ?? []
        #expect(stored.count == 20_000_000 && stored == original)
        #expect(try curl(server, "/runs/a/files/net.pt").output == original)
        let part = try curl(server, "/runs/a/files/net.pt", "-r", "5000000-14999999")
        #expect(part.output == Array(original[5_000_000..<15_000_000]))
    }

    @Test func eventsComeAndAreResumed() throws {
        let server = try Server(runs: runs, "--tls-self-signed")
        let client = try server.connect()
        _ = try client.send("PUT", "/runs/a")
        let first = try EventStream(try server.connect(), "/runs/a/events")
        _ = try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 1}"#)
        #expect(try first.events(upTo: "metrics", of: "a").last?.rows?.count == 1)
        _ = try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 2, "loss": 2}"#)
        let second = try EventStream(try server.connect(), "/runs/a/events", lastID: first.lastID)
        let rows = try second.events(upTo: "metrics", of: "a").last?.rows
        #expect(rows?.last?.contains(#""epoch":2"#) == true, "\(rows ?? [])")
    }

    @Test func plainHTTPIsAnsweredWithAProblem() throws {
        let server = try Server(runs: runs, "--tls-self-signed")
        let reply = try HTTPClient(port: server.port).send("GET", "/runs")
        #expect(reply.status == 400)
        #expect(reply.faultsAsProblem == [])
        #expect(reply.problem["type"]?.string == "/problems/tls-required")
        #expect(reply.problem["detail"]?.string?.contains("https://") == true)
        let command = try Command("curl", "-sS", "http://127.0.0.1:\(server.port)/runs")
        #expect(text(command).contains("tls-required"))
    }

    /// What TLS says to a port without it is no HTTP. It may have no line's end in it, so that more is waited for.
    @Test func tlsToAPlainPortEnds() throws {
        let server = try Server(runs: runs, "--read-timeout", "2")
        let command = try Command("curl", "-sS", "--max-time", "30", "https://127.0.0.1:\(server.port)/runs")
        // CURLE_SSL_CONNECT_ERROR
        #expect(command.ending == .exited(35), "\(command.errors)")
    }

    // MARK: Certificates of others

    private func makePair() throws {
        try Command.succeed(
            "sh", "-c",
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.new -out c.new -days 30 "
                + "-subj /CN=localhost -addext subjectAltName=DNS:localhost && mv c.new c.pem && mv k.new k.pem",
            directory: folder.path)
    }

    private func serverWithPair() throws -> Server {
        try makePair()
        return try Server(runs: runs, "--tls-certificate", "\(folder.path)/c.pem", "--tls-key", "\(folder.path)/k.pem")
    }

    /// Whether the certificate that is in the file now is shown.
    private func isShown(_ server: Server) throws -> Bool {
        try Command(
            "curl", "-sS", "--cacert", "\(folder.path)/c.pem", "https://localhost:\(server.port)/health"
        ).ending == .exited(0)
    }

    @Test func certificateIsReadAgainOnSIGHUP() throws {
        let server = try serverWithPair()
        #expect(try isShown(server))
        #expect(!server.output.contains("sha256//"))
        let open = try server.connect()
        _ = try open.send("PUT", "/runs/a")
        try makePair()
        #expect(try !isShown(server))
        server.process.signal(SIGHUP)
        #expect(try eventually { try isShown(server) })
        #expect(try open.send("GET", "/runs/a").status == 200, "what was open goes on")
    }

    @Test func certificateIsReadAgainWhenItsFilesChange() throws {
        let server = try serverWithPair()
        try makePair()
        #expect(try eventually { try isShown(server) })
        #expect(server.errors.contains("the certificate was read again"))
    }

    @Test func pairThatDoesNotFitLeavesThePreviousOne() throws {
        let server = try serverWithPair()
        try Command.succeed("cp", "c.pem", "good.pem", directory: folder.path)
        folder.write("k.pem", "damaged")
        server.process.signal(SIGHUP)
        #expect(eventually { server.errors.contains("the previous certificate stays in use: the TLS key") })
        #expect(try isShown(server))
        #expect(try server.connect().send("GET", "/health").status == 200)
    }

    @Test func keyThatAllMayReadIsWarnedAbout() throws {
        try makePair()
        chmod("\(folder.path)/k.pem", 0o644)
        let server = try Server(
            runs: runs,
            variables: [
                "RUNDIR_TLS_CERTIFICATE": "\(folder.path)/c.pem", "RUNDIR_TLS_KEY": "\(folder.path)/k.pem",
            ])
        #expect(server.isEncrypted)
        #expect(server.errors.contains("every user of this machine may read the key"))
    }

    @Test(arguments: [
        (["--tls-key", "k.pem"], "go together"), (["--tls-certificate", "c.pem"], "go together"),
        (["--tls-self-signed", "--tls-certificate", "c.pem", "--tls-key", "k.pem"], "choose"),
        (["--listen", "unix:"], "has to be HOST:PORT"), (["--listen", "localhost"], "has to be HOST:PORT"),
        (["--listen", "::1:80"], "has to be HOST:PORT"), (["--socket-mode", "888"], "has to be from 0 to 777"),
    ])
    func optionsThatDoNotFitAreRefused(options: [String], reason: String) throws {
        let command = try Command(arguments: [Server.executable, "serve", "--runs", runs] + options)
        #expect(command.ending == .exited(64))
        #expect(command.errors.contains(reason), "\(command.errors)")
    }
}
