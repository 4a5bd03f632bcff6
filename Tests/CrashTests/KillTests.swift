import Foundation
import TestSupport
import Testing

/// What was acknowledged is there after `kill -9`, at whatever moment that comes.
@Suite struct KillTests {
    /// Rounds in one runs directory.
    private static let roundsOfAFolder = 25

    @Test func acknowledgedWritesOutliveKillsAtRandomMoments() throws {
        let seed = CrashSettings.seed
        CrashSettings.say("kills: RUNDIR_SEED=\(seed)")
        var numbers = SeededNumbers(seed: seed)
        var folder = TemporaryFolder()
        var all: [WriteLedger] = []
        var acknowledgements = 0
        for number in 0..<CrashSettings.kills where !CrashSettings.isOver {
            if number % Self.roundsOfAFolder == 0 { (folder, all) = (TemporaryFolder(), []) }
            let round = "kills: RUNDIR_SEED=\(seed), round \(number)"
            // Small segments in every second round: checkpoints come amid the load.
            let server = try Server(runs: folder.path, "--journal-size", number % 2 == 1 ? "65536" : "16777216")
            let count = Int.random(in: 10..<(number % 5 == 0 ? 800 : 150), using: &numbers)
            let ledgers = try Load(prefix: "r\(number)", seed: numbers.next()).run(server, after: count) {
                server.process.signal(SIGKILL)
            }
            #expect(try server.process.wait() == .signalled(SIGKILL), "\(server.errors)")
            acknowledgements += count
            if number % 2 == 1 { try crashWhileRecovering(folder, &numbers) }
            var faults = try check(folder, ledgers, others: all)
            all += ledgers
            // Nothing that later rounds did has harmed what earlier ones left.
            let isLast = number % Self.roundsOfAFolder == Self.roundsOfAFolder - 1 || number == CrashSettings.kills - 1
            if isLast { faults += try check(folder, all, others: []) }
            guard faults.isEmpty else { return CrashSettings.report(faults, round) }
        }
        CrashSettings.say("kills: \(CrashSettings.kills) rounds, \(acknowledgements) acknowledged writes at least")
    }

    @Test func serverThatWasKilledLeavesNoStagedFiles() throws {
        let folder = TemporaryFolder()
        let server = try Server(runs: folder.path)
        let client = try server.connect()
        let head = "POST /runs/a/metadata/source HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/gzip\r\n"
        try client.write(
            Array((head + "Content-Length: 9000000\r\n\r\n").utf8) + [UInt8](repeating: 0x1F, count: 4_000_000))
        let staging = "\(folder.path)/.rundir/staging"
        #expect(eventually { !DirectoryTree(staging).entries.isEmpty })
        try server.crash()
        #expect(!DirectoryTree(staging).entries.isEmpty)
        _ = try Server(runs: folder.path)
        #expect(DirectoryTree(staging).entries.isEmpty)
    }

    /// Starts a server and kills it before it has said that it is up, or thereabouts.
    private func crashWhileRecovering(_ folder: TemporaryFolder, _ numbers: inout SeededNumbers) throws {
        let silence = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(silence) }
        let process = try ChildProcess(
            [Server.executable, "serve", "--port", "0", "--runs", folder.path], input: silence, output: silence,
            error: silence)
        // Waits for nothing: any moment will do.
        usleep(UInt32.random(in: 0..<60_000, using: &numbers))
        process.signal(SIGKILL)
        #expect(try process.wait() == .signalled(SIGKILL))
    }

    private func check(
        _ folder: TemporaryFolder, _ ledgers: [WriteLedger], others: [WriteLedger]
    ) throws -> [String] {
        let server = try Server(runs: folder.path)
        let check = try LedgerCheck(server, ledgers, others: others)
        // A view that is being refreshed is staged too, for a moment, and what was deleted until the next checkpoint.
        let isClean = eventually {
            DirectoryTree("\(folder.path)/.rundir/staging").entries.keys.allSatisfy { $0.hasPrefix("deleted-") }
        }
        return check.faults + (isClean ? [] : ["staged files are left"])
    }
}
