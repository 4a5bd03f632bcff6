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

    /// Checkpoints of so many files that they are synced together (syncfs(2)): fails when one lets go of the journal
    /// before.
    @Test func manyRunsOutliveAPowerCut() throws {
        let disk = try LoopDisk()
        let server = try Server(runs: disk.runs, "--journal-size", "262144")
        let clients = try (0..<4).map { _ in try server.connect() }
        let runs = (0..<1000).map { "r\($0)" }
        for (number, run) in runs.enumerated() {
            let reply = try clients[number % clients.count].send(
                "PUT", "/runs/\(run)", type: "application/json", text: #"{"flags":{"number":\#(number)}}"#)
            #expect(reply.status == 201)
        }
        // All segments but the last are checkpointed.
        #expect(eventually { names(in: "\(disk.runs)/.rundir/journal").count == 1 })
        Self.halt(server.process)
        let left = try disk.cut()
        server.process.signal(SIGKILL)
        let after = try Server(runs: left.runs)
        for (number, run) in runs.enumerated() {
            #expect(after.text("properties/completed", of: run) == "FALSE\n", "\(run)")
            #expect(after.text("flags.json", of: run)?.contains("\(number)") == true, "\(run)")
        }
        #expect(try after.terminate() == .exited(0))
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
