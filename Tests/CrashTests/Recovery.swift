import Foundation
import TestSupport

/// A server that is started where another one was killed, on a disk that may fail.
struct Recovery {
    private let folder = TemporaryFolder()
    private let layer: FaultLayer
    private var ledger: WriteLedger
    /// What went wrong that must not, whatever the disk does.
    private(set) var faults: [String] = []

    /// The names of the calls that it made.
    var calls: [String] { layer.calls() }

    /// Starts a server on a copy of what a scripted run has left, writes something, and kills it.
    init(of run: ScriptedRun, _ kind: FaultLayer.Kind = .kill, at number: Int = 0) throws {
        try Command.succeed("cp", "-a", run.layer.runs, "\(folder.path)/runs")
        layer = FaultLayer(runs: "\(folder.path)/runs", trace: "\(folder.path)/trace")
        ledger = run.client.ledger
        guard let server = try layer.start(journalSize: 1 << 20, kind, at: number, &faults) else { return }
        do {
            let client = try server.connect()
            faults += try ScriptedRun.faultsOfReading(server, kind)
            ledger.ask(.rows(run: "s-shared", [StoredFact.MetricsRow(epoch: 1, loss: "0.125")]))
            let row = try client.sendJSON("POST", "/runs/s-shared/metadata/metrics", #"{"epoch": 1, "loss": 0.125}"#)
            switch row.status {
            case 201: ledger.acknowledge()
            case 500, 507: ledger.refuse()
            case 503: break
            default: faults.append("a row got \(row.status): \(row.text)")
            }
        } catch {
            if number == 0 || !kind.isKill { faults.append("the connection failed: \(error); \(server.errors)") }
        }
        if !kind.isKill, server.process.hasEnded { faults.append("the server ended by itself: \(server.errors)") }
        try server.crash()
    }

    /// What is wrong after a restart, with a disk that is well.
    func faultsAfterRestart() throws -> [String] {
        try ScriptedRun.check(layer.runs, [ledger]).map { "after a restart: \($0)" }
    }
}
