import Glibc
import JSON
import TestSupport
import Testing

/// Signals that come while the server does not serve: it ends at once then, and loses nothing.
@Suite struct StopTests {
    private let folder = TemporaryFolder()

    private var runs: String { "\(folder.path)/runs" }

    @Test(
        arguments: [(SIGTERM, SIGTERM, 143), (SIGTERM, SIGINT, 130), (SIGINT, SIGTERM, 143)] as [(Int32, Int32, Int32)])
    func secondSignalEndsADrainingServerAtOnce(first: Int32, second: Int32, status: Int32) throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/kept").status == 201)
        #expect(try client.sendJSON("POST", "/runs/kept/metadata/metrics", #"{"epoch": 1, "loss": 0.5}"#).status == 201)
        // A request that is never complete, for which the server waits.
        try client.begin("POST", "/runs/kept/metadata/metrics", type: "application/json", length: 10)
        server.process.signal(first)
        #expect(eventually { (try? server.connect(timeout: 1).send("GET", "/health")) == nil })
        server.process.signal(second)
        #expect(try server.process.wait() == .exited(status), "\(server.errors)")
        #expect(server.errors.contains("by a second signal"), "\(server.errors)")
        let next = try Server(runs: runs)
        #expect(try next.connect().send("GET", "/runs/kept/metadata/metrics").json["epoch"]?.array?.count == 1)
    }

    @Test func hangupsDoNotEndADrainingServer() throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/late").status == 201)
        let row = Array(#"{"epoch": 7, "loss": 0.25}"#.utf8)
        try client.begin("POST", "/runs/late/metadata/metrics", type: "application/json", length: row.count)
        server.process.signal(SIGTERM)
        #expect(eventually { (try? server.connect(timeout: 1).send("GET", "/health")) == nil })
        server.process.signal(SIGHUP)
        try client.write(row)
        #expect(try client.read().status == 201)
        #expect(try server.process.wait() == .exited(0), "\(server.errors)")
    }

    /// Holds the program that it is preloaded into at its first mkdir(2), for as long as a file is there.
    private static let holding = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdlib.h>
        #include <sys/stat.h>
        #include <unistd.h>
        int mkdir(const char *path, mode_t mode) {
            int (*real)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
            close(open(getenv("HOLD_REACHED"), O_CREAT | O_WRONLY, 0600));
            while (access(getenv("HOLD"), F_OK) == 0) usleep(1000);
            return real(path, mode);
        }
        """

    @Test(
        .enabled(if: compiler != nil, "needs a C compiler"),
        arguments: [(SIGTERM, 143), (SIGINT, 130)] as [(Int32, Int32)])
    func signalEndsAServerThatStarts(signal: Int32, status: Int32) throws {
        folder.write("hold.c", Self.holding)
        folder.write("hold", "")
        let library = "\(folder.path)/hold.so"
        try Command.succeed(#require(Self.compiler), "-shared", "-fPIC", "-o", library, "\(folder.path)/hold.c", "-ldl")
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        let server = try ChildProcess(
            [Server.executable, "serve", "--port", "0", "--runs", runs],
            variables: [
                "LD_PRELOAD": library, "HOLD": "\(folder.path)/hold", "HOLD_REACHED": "\(folder.path)/reached",
            ], input: null, output: null, error: null)
        #expect(eventually { folder.exists("reached") })
        server.signal(SIGHUP)
        server.signal(signal)
        #expect(try server.wait() == .exited(status))
        try Server(runs: runs).terminate()
    }

    private static let compiler = ["cc", "clang"].first { (try? Command($0, "--version"))?.ending == .exited(0) }
}
