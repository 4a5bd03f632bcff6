import Foundation
import Synchronization
import TestSupport
import Testing

/// A power cut of a real file system under load.
@Suite(.enabled(if: LoopDisk.canBeMade, "needs the right to mount a loop device")) struct PowerCutTests {
    @Test func acknowledgedWritesOutliveAPowerCut() throws {
        let seed = CrashSettings.seed
        CrashSettings.say("power cuts: RUNDIR_SEED=\(seed)")
        var numbers = SeededNumbers(seed: seed)
        var acknowledgements = 0
        for number in 0..<CrashSettings.powerCuts where !CrashSettings.isOver {
            let disk = try LoopDisk()
            let server = try Server(runs: disk.runs, "--journal-size", number % 2 == 1 ? "65536" : "4194304")
            let count = Int.random(in: 10..<(number % 5 == 0 ? 600 : 150), using: &numbers)
            let cut = Mutex<Result<LoopDisk, any Error>?>(nil)
            let ledgers = try Load(prefix: "c\(number)", seed: numbers.next()).run(server, after: count) {
                // It stands still from here on: nobody is told of what comes later.
                Self.halt(server.process)
                let left = Result { try disk.cut() }
                cut.withLock { $0 = left }
                server.process.signal(SIGKILL)
            }
            acknowledgements += count
            let left = try #require(try cut.withLock { $0 }?.get())
            let faults = try ScriptedRun.check(left.runs, ledgers)
            let round = "power cuts: RUNDIR_SEED=\(seed), cycle \(number + 1)"
            guard faults.isEmpty else { return CrashSettings.report(faults, round) }
        }
        CrashSettings.say("power cuts: \(CrashSettings.powerCuts), \(acknowledgements) acknowledged writes at least")
    }

    /// Stops a process, and waits until none of its threads is in a call (proc(5): /proc/[pid]/task/[tid]/stat).
    private static func halt(_ process: ChildProcess) {
        process.signal(SIGSTOP)
        let tasks = "/proc/\(process.id)/task"
        _ = eventually {
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
            return threads.allSatisfy { thread in
                let line = String(decoding: contents(of: "\(tasks)/\(thread)/stat") ?? [], as: UTF8.self)
                return line.split(separator: ")").last?.dropFirst().first == "T"
            }
        }
    }
}
