import TestSupport
import Testing

/// A power cut after any change to a disk that keeps no more than POSIX promises.
@Suite(.enabled(if: FaultLayer.library != nil, "needs a C compiler")) struct ModelDiskTests {
    @Test("A power cut after any change loses nothing", arguments: [true, false], [1 << 20, 65_536])
    func aPowerCutAfterAnyChangeLosesNothing(isStrict: Bool, journalSize: Int) throws {
        let seed = CrashSettings.seed
        let what =
            "model disk: RUNDIR_SEED=\(seed), \(isStrict ? "only what was synced" : "some of the rest"), "
            + "journal \(journalSize)"
        var numbers = SeededNumbers(seed: seed)
        let run = try ScriptedRun(journalSize: journalSize, seed: seed)
        guard run.faults.isEmpty else { return CrashSettings.report(run.faults, what) }
        let events = Array(DiskTrace(run.layer.trace))
        let cuts = Set(CrashSettings.sample(CrashSettings.modelCuts, upTo: events.count, &numbers))
        let disk = ModelDisk(root: try inode(run.layer.runs))
        var acknowledged = 0
        var cycle = 0
        for (number, event) in events.enumerated() {
            disk.apply(event)
            if case .acknowledged(let question) = event { acknowledged = question }
            if case .call = event { continue }
            guard cuts.contains(number + 1), !CrashSettings.isOver else { continue }
            cycle += 1
            let left = TemporaryFolder()
            try disk.cut(into: left, &numbers, isStrict: isStrict)
            let history = run.client.history
            let ledger = acknowledged < history.count ? history[acknowledged] : run.client.ledger
            let faults = try ScriptedRun.check(left.path, [ledger])
            if !faults.isEmpty {
                CrashSettings.report(faults, "\(what), cut after event \(number + 1), cycle \(cycle)")
                if CrashSettings.stopsAtFirst { return }
            }
        }
        CrashSettings.say("\(what): \(cycle) cuts of \(events.count) events")
    }
}
