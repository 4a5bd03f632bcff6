import Glibc
import JSON
import TestSupport
import Testing

/// A server on a system that lacks calls which newer ones have.
@Suite struct OldKernelTests {
    private let folder = TemporaryFolder()

    /// Answers openat2(2), which has one number on all processors, with ENOSYS (seccomp(2)), and becomes the command.
    private static let withoutOpenat2 = """
        import ctypes, os, struct, sys
        steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 437), (0x06, 0, 0, 0x50000 | 38), (0x06, 0, 0, 0x7fff0000)]
        code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
        program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
        assert libc.syscall(437, -1, None, None, 0) == -1 and ctypes.get_errno() == 38
        os.execv(sys.argv[1], sys.argv[1:])
        """

    /// Fails when anything in a run's directory is opened by openat2(2) alone.
    @Test func runsAreWrittenReadAndRecoveredWithoutOpenat2() throws {
        let launcher = ["/usr/bin/env", "python3", "-c", Self.withoutOpenat2]
        let runs = "\(folder.path)/runs"
        let server = try Server(runs: runs, launcher: launcher)
        let client = try server.connect()
        #expect(try client.sendJSON("PUT", "/runs/a", #"{"flags": {"lr": 0.1}}"#).status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 0.5}"#).status == 201)
        #expect(try client.send("PUT", "/runs/a/files/models/net.pt", body: Array("weights".utf8)).status == 201)
        server.process.signal(SIGKILL)
        _ = try server.process.wait()
        // A link that leads out of the run.
        folder.write("outside/net.pt", "secret")
        symlink("\(folder.path)/outside", "\(runs)/a/linked")

        let again = try Server(runs: runs, launcher: launcher)
        let reader = try again.connect()
        #expect(try reader.send("GET", "/runs/a/metadata/flags").json["lr"]?.number == JSONNumber("0.1"))
        #expect(try reader.send("GET", "/runs/a/metrics").json["loss"]?.array?.count == 1)
        #expect(try reader.send("GET", "/runs/a/files/models/net.pt").text == "weights")
        #expect(try reader.send("GET", "/runs?where=metric_loss+%3C+1").json["runs"]?.array?.count == 1)
        #expect(try reader.send("GET", "/runs/a/bundle.tar.gz").status == 200)
        let linked = try reader.send("GET", "/runs/a/files/linked/net.pt")
        #expect(linked.status >= 400 && !linked.text.contains("secret"))
        let written = try reader.send("PUT", "/runs/a/files/linked/new", body: Array("x".utf8))
        #expect(written.status >= 400)
        #expect(DirectoryTree("\(folder.path)/outside").entries.count == 1)
        #expect(try again.terminate() == .exited(0))
    }
}
