import Foundation
import TestSupport
import Testing

/// A signal during a sync (fsync(2), EINTR) is no failed sync.
@Suite(.enabled(if: FaultLayer.library != nil, "needs a C compiler")) struct InterruptedSyncTests {
    /// Fails when a sync that was interrupted is taken for one that failed, after which nothing is written any more; or
    /// when it is not made again.
    @Test func theServerGoesOn() throws {
        let folder = TemporaryFolder()
        let runs = "\(folder.path)/runs"
        mkdir(runs, 0o755)
        let layer = FaultLayer(runs: runs, trace: "\(folder.path)/trace")
        let server = try layer.startInterrupting()
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 1}"#).status == 201)
        #expect(try client.send("PUT", "/runs/a/files/net.pt", text: "weights").status == 201)
        #expect(try client.sendEmpty("POST", "/runs/a/complete").status == 200)
        #expect(try client.send("GET", "/ready").status == 200)
        #expect(try server.terminate() == .exited(0))
        #expect(!server.errors.contains("no write is accepted"), "\(server.errors)")
        let calls = Set(layer.calls())
        #expect(calls.isSuperset(of: ["fsync", "fdatasync"]))
        #expect(contents(of: "\(runs)/a/net.pt") == Array("weights".utf8))
    }
}
