import TestSupport
import Testing

/// A disk that fails at one call: no reply of success to what is not safe, no death but the planned one, and what was
/// acknowledged is there after a restart and after a power cut.
@Suite(.enabled(if: FaultLayer.library != nil, "needs a C compiler")) struct FaultTests {
    /// One segment for all, and one for each batch.
    private static let journalSizes = [1 << 20, 65_536]

    @Test("A fault at any call loses nothing", arguments: CrashSettings.faultKinds, journalSizes)
    func aFaultAtAnyCallLosesNothing(_ kind: FaultLayer.Kind, journalSize: Int) throws {
        let seed = CrashSettings.seed
        let what = "faults: RUNDIR_SEED=\(seed), \(kind.rawValue), journal \(journalSize)"
        let sound = try ScriptedRun(journalSize: journalSize, seed: seed)
        let calls = sound.calls
        let faults = try sound.faults + sound.faultsAfterRestart()
        guard faults.isEmpty else { return CrashSettings.report(faults, "\(what), no fault") }
        var numbers = SeededNumbers(seed: seed &+ UInt64(journalSize) &+ UInt64(kind.rawValue.utf8.count))
        let sample = Self.sample(of: calls, kind, &numbers)
        for (cycle, number) in sample.enumerated() where !CrashSettings.isOver {
            let run = try ScriptedRun(
                journalSize: journalSize, seed: seed, kind, at: number, isKilled: Bool.random(using: &numbers))
            var faults = run.faults
            // A power cut amid calls that do not fail is what `ModelDiskTests` has.
            if !kind.isKill { faults += try run.faultsAfterPowerCut() }
            faults += try run.faultsAfterRestart()
            let call = run.calls.dropFirst(number - 1).first ?? "none"
            if !faults.isEmpty {
                CrashSettings.report(faults, "\(what), call \(number) (\(call)), cycle \(cycle + 1)")
                if CrashSettings.stopsAtFirst { return }
            }
        }
        CrashSettings.say("\(what): \(sample.count) of \(calls.count) calls")
    }

    /// The numbers of the calls that meet a fault: of those that it is one to.
    private static func sample(of calls: [String], _ kind: FaultLayer.Kind, _ numbers: inout SeededNumbers) -> [Int] {
        let met = calls.indices.filter { kind != .short || calls[$0].hasSuffix("write") }
        return CrashSettings.sample(CrashSettings.faults, upTo: met.count, &numbers).map { met[$0 - 1] + 1 }
    }

    @Test("A fault while a server recovers loses nothing", arguments: CrashSettings.faultKinds)
    func aFaultInRecoveryLosesNothing(_ kind: FaultLayer.Kind) throws {
        let seed = CrashSettings.seed
        let what = "faults in recovery: RUNDIR_SEED=\(seed), \(kind.rawValue)"
        let crashed = try ScriptedRun(journalSize: 1 << 20, seed: seed, isKilled: true)
        guard crashed.faults.isEmpty else { return CrashSettings.report(crashed.faults, what) }
        let calls = try Recovery(of: crashed).calls
        var numbers = SeededNumbers(seed: seed &+ UInt64(kind.rawValue.utf8.count))
        let sample = Self.sample(of: calls, kind, &numbers)
        for (cycle, number) in sample.enumerated() where !CrashSettings.isOver {
            let recovery = try Recovery(of: crashed, kind, at: number)
            let faults = try recovery.faults + recovery.faultsAfterRestart()
            if !faults.isEmpty {
                CrashSettings.report(faults, "\(what), call \(number) (\(calls[number - 1])), cycle \(cycle + 1)")
                if CrashSettings.stopsAtFirst { return }
            }
        }
        CrashSettings.say("\(what): \(sample.count) of \(calls.count) calls")
    }
}
