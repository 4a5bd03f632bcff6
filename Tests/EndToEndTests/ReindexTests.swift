import Glibc
import JSON
import TestSupport
import Testing

/// `rundir reindex`, and the index between two servers.
@Suite struct ReindexTests {
    private let folder = TemporaryFolder()

    @Test("The index is built from directories that nobody indexed, and loses nothing when it is removed")
    func theIndexIsBuiltFromTheDirectories() throws {
        for number in 0..<3 {
            folder.write("runs/r\(number)/tfruns.d/properties/start", "\(number).5\n")
            folder.write("runs/r\(number)/tfruns.d/flags.json", "{\"lr\": 0.\(number)}\n")
        }
        let runs = "\(folder.path)/runs"
        let output = try Command.succeed(Server.executable, "reindex", "--runs", runs)
        #expect(String(decoding: output, as: UTF8.self) == "3 runs in the index of \(runs)\n")
        #expect(folder.exists("runs/.rundir/index.sqlite"))
        for _ in 0..<2 {
            let server = try Server(runs: runs)
            #expect(server.greeting.hasSuffix(": 3 runs"))
            let reply = try server.connect().send("GET", "/runs?where=flag_lr%3E0.0&order=-flag_lr&columns=run")
            #expect(try reply.json["runs"] == [["run": "r2"], ["run": "r1"]])
            #expect(try server.terminate() == .exited(0))
            unlink("\(runs)/.rundir/index.sqlite")
        }
    }
}
