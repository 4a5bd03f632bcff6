import Foundation
import TestSupport

/// A server that is started, gets one write of each kind, and is stopped, on a disk that may fail.
struct ScriptedRun {
    /// Where the runs and the trace are.
    let folder = TemporaryFolder()
    let layer: FaultLayer
    let client: WritingClient
    /// What went wrong that must not, whatever the disk does.
    private(set) var faults: [String] = []
    /// Whether the fault was met: the run has so many calls.
    var calls: [String] { layer.calls() }

    /// Runs the script.
    /// - Parameters:
    ///   - number: the call that fails, from 1; 0: none
    ///   - isKilled: whether the server is killed at the end, or stopped
    init(journalSize: Int, seed: UInt64, _ kind: FaultLayer.Kind = .kill, at number: Int = 0, isKilled: Bool = false)
        throws
    {
        let runs = "\(folder.path)/runs"
        mkdir(runs, 0o755)
        layer = FaultLayer(runs: runs, trace: "\(folder.path)/trace")
        let layer = layer
        client = WritingClient(
            index: 0, prefix: "s", shared: ["s-shared"], archives: Archives.two, seed: seed,
            refusals: number == 0 ? [] : [500, 503, 507]
        ) { layer.noteAcknowledgement($0) }
        let mayBeKilled = number > 0 && kind.isKill
        guard let server = try layer.start(journalSize: journalSize, kind, at: number, &faults) else { return }
        do {
            try client.runScript(server)
            faults += try Self.faultsOfReading(server, kind)
        } catch {
            if !mayBeKilled { faults.append("the connection failed: \(error); \(server.errors)") }
        }
        if !mayBeKilled, server.process.hasEnded {
            faults.append("the server ended by itself: \(try server.process.wait()); \(server.errors)")
        }
        server.process.signal(isKilled ? SIGKILL : SIGTERM)
        let ending = try server.process.wait()
        let isExpected = ending == .signalled(SIGKILL) ? isKilled || mayBeKilled : ending == .exited(0) && !isKilled
        if !isExpected { faults.append("ended by \(ending); \(server.errors)") }
    }

    /// What is wrong with the replies to reads, which have to go on whatever the disk does.
    static func faultsOfReading(_ server: Server, _ kind: FaultLayer.Kind) throws -> [String] {
        let reader = try server.connect()
        var faults: [String] = []
        for (target, statuses) in [("/health", [200]), ("/runs/s-shared", [200, 404])] {
            let reply = try reader.send("GET", target)
            let isBehind = reply.status == 503 && reply.text.contains("/problems/run-behind")
            if !statuses.contains(reply.status), !isBehind {
                faults.append("\(target) got \(reply.status): \(reply.text)")
            }
        }
        // Listings come from an index, which is built first; on a disk to which nothing can be written it may never be.
        if kind == .ioErrors { return faults }
        let isListed = try eventually { try reader.send("GET", "/runs").status == 200 }
        return faults + (isListed ? [] : ["/runs got \(try reader.send("GET", "/runs").text)"])
    }

    /// What is wrong after a restart, with a disk that is well.
    func faultsAfterRestart() throws -> [String] {
        try Self.check(layer.runs, [client.ledger]).map { "after a restart: \($0)" }
    }

    /// What is wrong after a power cut at the end that leaves only what was synced.
    func faultsAfterPowerCut() throws -> [String] {
        let disk = ModelDisk(root: try inode(layer.runs))
        for event in DiskTrace(layer.trace) { disk.apply(event) }
        var numbers = SeededNumbers(seed: 0)
        let left = TemporaryFolder()
        try disk.cut(into: left, &numbers, isStrict: true)
        return try Self.check(left.path, [client.ledger]).map { "after a power cut: \($0)" }
    }

    /// Starts a server on a disk that is well, and looks for what ledgers say.
    static func check(_ runs: String, _ ledgers: [WriteLedger]) throws -> [String] {
        do {
            return try LedgerCheck(Server(runs: runs), ledgers).faults
        } catch let failure as Server.Failure {
            return ["\(failure)"]
        }
    }
}

/// A file's inode number.
func inode(_ path: String) throws -> UInt64 {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0
}
