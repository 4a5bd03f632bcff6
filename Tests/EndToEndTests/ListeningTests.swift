import Foundation
import JSON
import TestSupport
import Testing

/// Where `rundir serve` listens.
@Suite struct ListeningTests {
    private let folder = TemporaryFolder()
    private var runs: String { "\(folder.path)/runs" }
    private var socket: String { "\(folder.path)/socket" }

    private func curl(_ path: String, _ options: String...) throws -> String {
        let words = ["curl", "-sS", "-f", "--unix-socket", socket] + options
        let command = try Command(arguments: words + ["http://localhost\(path)"])
        #expect(command.ending == .exited(0), "\(command.errors)")
        return String(decoding: command.output, as: UTF8.self)
    }

    @Test func socketFileServesAndGoesWithTheServer() throws {
        // One that a killed server left behind is no hindrance.
        let killed = try Server(runs: runs, "--listen", "unix:\(socket)")
        try killed.crash()
        #expect(folder.exists("socket"))
        let server = try Server(runs: runs, "--listen", "unix:\(socket)", "--socket-mode", "600")
        #expect(server.greeting.hasPrefix("rundir on unix:\(socket), runs in"))
        var status = stat()
        #expect(lstat(socket, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        _ = try curl("/runs/a", "-X", "PUT")
        _ = try curl("/runs/a/metadata/metrics", "-d", #"{"epoch": 1, "loss": 0.5}"#)
        #expect(try curl("/runs/a/metrics?format=csv").hasSuffix("1,0.5\n"))
        try Command.succeed("sh", "-c", "head -c 5000000 /dev/urandom > net.pt", directory: folder.path)
        _ = try curl("/runs/a/files/net.pt", "-T", "\(folder.path)/net.pt")
        #expect(contents(of: "\(runs)/a/net.pt") == folder.read("net.pt"))
        #expect(try server.terminate() == .exited(0))
        #expect(!folder.exists("socket"))
    }

    @Test func severalAddressesAreServedAtOnce() throws {
        let server = try Server(
            runs: runs, "--listen", "127.0.0.1:0", "--listen", "unix:\(socket)", "--tls-self-signed")
        #expect(server.isEncrypted)
        #expect(try server.connect().send("PUT", "/runs/a").status == 201)
        #expect(try JSONValue.parse(Array(curl("/runs/a").utf8)).object?["run"]?.string == "a")
    }

    @Test func hostThatAProxyPassesOnHasToBeAllowed() throws {
        let server = try Server(
            runs: runs, "--listen", "unix:\(socket)", "--allow-host", "runs.example.org")
        _ = try curl("/health", "-H", "Host: runs.example.org")
        let words = ["curl", "-sS", "--unix-socket", socket, "http://evil.example/runs"]
        let refused = try Command(arguments: words)
        #expect(String(decoding: refused.output, as: UTF8.self).contains("misdirected-request"))
        withExtendedLifetime(server) {}
    }

    /// A parent that listens and becomes the server, as systemd does for a socket unit (sd_listen_fds(3)).
    private func activated(_ program: String) throws -> Server {
        folder.write(
            "activate.py",
            """
            import fcntl, os, socket, sys
            \(program)
            copies = [fcntl.fcntl(each.fileno(), fcntl.F_DUPFD, 10) for each in sockets]
            for number, copy in enumerate(copies, 3):
                os.dup2(copy, number, inheritable=True)
                os.close(copy)
            os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"] = str(os.getpid()), str(len(sockets))
            os.execv(sys.argv[1], sys.argv[1:])
            """)
        return try Server(
            runs: runs, variables: ["RUNDIR_LISTEN": "unix:/never"],
            launcher: ["python3", "\(folder.path)/activate.py"])
    }

    @Test func socketsThatWerePassedAreServed() throws {
        let server = try activated(
            """
            sockets = [socket.socket(), socket.socket(socket.AF_UNIX)]
            sockets[0].bind(("127.0.0.1", 0))
            sockets[1].bind("\(socket)")
            for each in sockets:
                each.listen()
            """)
        #expect(server.greeting.hasPrefix("rundir on http://127.0.0.1:\(server.port) and unix:\(socket), runs in"))
        #expect(try server.connect().send("GET", "/health").status == 200)
        _ = try curl("/health")
        #expect(try server.terminate() == .exited(0))
        #expect(folder.exists("socket"), "it is systemd's")
    }

    @Test func descriptorThatIsNoSocketIsRefused() throws {
        let failure = #expect(throws: Server.Failure.self) {
            try activated("sockets = [socket.socket()]")
        }
        #expect(failure?.description.contains("descriptor 3 is no socket that listens") == true)
    }
}
