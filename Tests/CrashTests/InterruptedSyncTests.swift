import Foundation
import TestSupport
import Testing

/// A signal during a sync (fsync(2), EINTR) is no failed sync.
@Suite(.enabled(if: FaultLayer.library != nil, "needs a C compiler")) struct InterruptedSyncTests {
    /// The statuses of a few writes of a server on a disk with a fault, and its log.
    private func run(
        at number: Int, in folder: TemporaryFolder
    ) throws -> (calls: [String], statuses: [Int], log: String) {
        let runs = "\(folder.path)/runs"
        mkdir(runs, 0o755)
        let layer = FaultLayer(runs: runs, trace: "\(folder.path)/trace")
        let server = try layer.start(journalSize: 65_536, .interrupted, at: number)
        let client = try server.connect()
        let statuses = [
            try client.send("PUT", "/runs/a").status,
            try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"epoch": 1, "loss": 1}"#).status,
            try client.send("PUT", "/runs/a/files/net.pt", text: "weights").status,
            try client.sendEmpty("POST", "/runs/a/complete").status,
        ]
        let ending = try server.terminate()
        #expect(ending == .exited(0))
        return (layer.calls(), statuses, server.errors)
    }

    /// Fails when a sync that was interrupted is taken for one that failed, after which nothing is written any more.
    @Test func theServerGoesOn() throws {
        let sound = try run(at: 0, in: TemporaryFolder())
        #expect(sound.statuses == [201, 201, 201, 200])
        let syncs = sound.calls.indices.filter { ["fsync", "fdatasync"].contains(sound.calls[$0]) }
        #expect(syncs.count > 5)
        // Threads of the store's own are at it too, so that a number may meet another call: all of the first are tried.
        for number in syncs.prefix(12) {
            let met = try run(at: number + 1, in: TemporaryFolder())
            guard met.calls.indices.contains(number), met.calls[number].hasSuffix("sync") else { continue }
            #expect(met.statuses == sound.statuses, "call \(number + 1): \(met.log)")
        }
    }
}
