import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

/// `docker/backup` copies a runs directory while its server goes on.
///
/// All that the clients write carries a number that only grows, or is written once. So a backup is right when each
/// number in it is no smaller than the one that was acknowledged before it began, and no run is in a state that never
/// was.
@Suite struct BackupTests {
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../docker/backup").path
    private static let backups = 3
    /// Runs that wait to be initialised, and runs that go to the archive and back.
    private static let waiting = 20

    private let folder = TemporaryFolder()
    private let copies = TemporaryFolder()

    private var runs: String { "\(folder.path)/runs" }

    @Test func backupUnderLoadHoldsAllThatWasAcknowledgedBeforeItBegan() throws {
        let server = try Server(runs: runs)
        let load = BackupLoad(server: server, waiting: Self.waiting)
        // Whatever happens: a client that goes on would keep its server.
        defer { load.stop() }
        try load.start()
        var acknowledged: [BackupLoad.Facts] = []
        for number in 0..<Self.backups {
            let least = 30 * (number + 1)
            #expect(eventually(within: 60) { load.facts.completed.count >= least || load.hasFailed })
            acknowledged.append(load.facts)
            load.noteBackup()
            let previous = number > 0 ? ["\(copies.path)/\(number - 1)"] : []
            let backup = try Command(arguments: [Self.script, runs, "\(copies.path)/\(number)"] + previous)
            #expect(backup.ending == .exited(0), "\(backup.errors)")
            #expect(backup.errors.isEmpty, "\(backup.errors)")
        }
        load.stop()
        #expect(try server.terminate() == .exited(0))
        for (number, facts) in acknowledged.enumerated() {
            try check("\(copies.path)/\(number)", facts, "backup \(number)")
        }
    }

    /// rsync takes files of one size and time for the same, and a file may be written twice in a second, or in a tick
    /// of its time.
    @Test(arguments: [true, false])
    func backupHoldsWhatWasWrittenAgainInTheSecondOfTheOneBefore(isServed: Bool) throws {
        var server: Server? = try Server(runs: runs)
        func write(_ number: Int) throws {
            let client = try #require(try server?.connect())
            let frame = #"{"v": [\#(number), \#(number)]}"#
            #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", frame).status < 300)
            #expect(try client.sendJSON("POST", "/runs/a/metadata/flags", #"{"v": \#(number)}"#).status < 300)
            #expect(try client.send("PUT", "/runs/a/files/model", text: "version \(number)").status < 300)
            let name = [("Run-Session", "s")]
            #expect(try client.send("PUT", "/runs/run-\(number)", headers: name).status == 201)
        }
        #expect(try server?.connect().send("PUT", "/runs/a").status == 201)
        try write(1)
        if !isServed { try server?.terminate() }
        try Command.succeed(Self.script, runs, "\(copies.path)/0")
        if !isServed { server = try Server(runs: runs) }
        try write(2)
        if !isServed { try server?.terminate() }
        // As if all had happened in the tick in which the first was copied.
        let files = ["a/tfruns.d/metrics.json", "a/tfruns.d/flags.json", "a/model", ".rundir/sessions/s"]
        var begun = stat()
        #expect(stat("\(copies.path)/0", &begun) == 0)
        let tick = "@\(begun.st_mtim.tv_sec + 1).5"
        for file in files {
            try Command.succeed("touch", "--date=\(tick)", "\(runs)/\(file)", "\(copies.path)/0/\(file)")
        }
        let first = try files.map { try #require(contents(of: "\(copies.path)/0/\($0)")) }
        try Command.succeed(Self.script, runs, "\(copies.path)/1", "\(copies.path)/0")
        for (file, old) in zip(files, first) {
            let live = try #require(contents(of: "\(runs)/\(file)"))
            #expect(live != old && live.count == old.count, "\(file)")
            #expect(contents(of: "\(copies.path)/1/\(file)") == live, "\(file)")
            #expect(contents(of: "\(copies.path)/0/\(file)") == old, "\(file): the one before was changed")
        }
        // What has not changed since is linked.
        #expect(
            try Self.inode("\(copies.path)/1/a/tfruns.d/properties/start")
                == Self.inode("\(copies.path)/0/a/tfruns.d/properties/start"))
    }

    private static func inode(_ path: String) throws -> ino_t {
        var status = stat()
        guard stat(path, &status) == 0 else { throw CocoaError(.fileNoSuchFile) }
        return status.st_ino
    }

    /// A write that comes between the reading of two files, in the tick of the one before, is seen by the comparison.
    @Test func backupHasNoHalfOfAWriteOfTheSameSizeAndTime() throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/properties", #"{"x": 2, "y": 2}"#).status == 201)
        // An rsync that after the first copy of the runs leaves one file of its copy as it was before the write.
        let bin = "\(folder.path)/bin"
        let copy = "\(copies.path)/copy"
        folder.write(
            "bin/rsync",
            """
            #!/bin/sh
            PATH=$(echo "$PATH" | sed 's|^[^:]*:||')
            rsync "$@"
            code=$?
            x=\(copy)/a/tfruns.d/properties/x
            if [ -e "$x" ] && [ ! -e \(folder.path)/done ]; then
                touch \(folder.path)/done
                touch \(runs)/a/tfruns.d/properties/x
                echo 1 >"$x"
                touch --reference=\(runs)/a/tfruns.d/properties/x "$x"
            fi
            exit $code
            """)
        chmod("\(bin)/rsync", 0o755)
        try Command.succeed("sh", "-c", "PATH=\(bin):$PATH exec \(Self.script) \(runs) \(copy)")
        #expect(folder.exists("done"))
        #expect(contents(of: "\(copy)/a/tfruns.d/properties/x") == Array("2\n".utf8))
    }

    /// What the journal alone holds is not left out.
    @Test func backupOfADirectoryWhoseServerWasKilledWaitsForItsJournal() throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/last").status == 201)
        #expect(try client.sendJSON("POST", "/runs/last/metadata/flags", #"{"lr": 0.5}"#).status == 201)
        try server.crash()
        // As a power cut may leave it: the journal was synced, the file was not, nor that which tells of the kernel's
        // memory.
        try FileManager.default.removeItem(atPath: "\(runs)/.rundir/applied")
        try FileManager.default.removeItem(atPath: "\(runs)/last/tfruns.d/flags.json")
        let copy = "\(copies.path)/copy"
        let refused = try Command(Self.script, runs, copy)
        #expect(refused.ending == .exited(1))
        #expect(refused.errors.contains("rundir check --repair --runs \(runs)"), "\(refused.errors)")

        try Command.succeed(Server.executable, "check", "--repair", "--runs", runs)
        try Command.succeed(Self.script, runs, copy)
        let restored = try Server(runs: copy)
        let flags = try restored.connect().send("GET", "/runs/last/metadata/flags")
        #expect(try flags.json["lr"]?.number?.text == "0.5")
    }

    @Test func backupGoesIntoNoDirectoryThatHoldsSomething() throws {
        _ = try Server(runs: runs)
        copies.write("old/file", "kept")
        let backup = try Command(Self.script, runs, "\(copies.path)/old")
        #expect(backup.ending == .exited(2))
        #expect(backup.errors.contains("not empty"), "\(backup.errors)")
        #expect(copies.text("old/file") == "kept")
    }

    // MARK: Parts

    /// Restores a backup as docker/OPERATING.md says, and looks for all that was acknowledged.
    private func check(_ backup: String, _ facts: BackupLoad.Facts, _ round: String) throws {
        try Command.succeed("rsync", "--archive", "\(backup)/", "\(folder.path)/restored")
        let restored = "\(folder.path)/restored"
        defer { try? FileManager.default.removeItem(atPath: restored) }
        let repair = try Command(Server.executable, "check", "--repair", "--runs", restored)
        #expect(repair.ending == .exited(0), "\(round): \(String(decoding: repair.output, as: UTF8.self))")

        expectEachRunOnce(restored, round)
        let server = try Server(runs: restored)
        let client = try server.connect()
        for (run, epoch) in facts.rows {
            let found = try client.send("GET", "/runs/\(run)/metadata/metrics").json["epoch"]?.array ?? []
            let epochs = found.compactMap { $0.number?.int }
            #expect(epochs == Array(1...max(epoch, epochs.count)), "\(round): \(run): \(epochs.count) of \(epoch) rows")
        }
        let pair = try client.send("GET", "/runs/pair/metadata/properties").json
        #expect(pair["a"]?.string == pair["b"]?.string, "\(round): half of a write")
        #expect(Int(pair["a"]?.string ?? "") ?? 0 >= facts.pair, "\(round): properties")
        let frame = try client.send("GET", "/runs/frame/metadata/metrics").json["v"]?.array ?? []
        let versions = Set(frame.map { $0.number?.int ?? -1 })
        #expect(
            versions.count == 1 && versions.first ?? 0 >= facts.frame, "\(round): frame \(versions), \(facts.frame)")

        for number in facts.pending {
            let run = "run-\(number)"
            let reply = try client.send("GET", "/runs/\(run)")
            #expect(reply.status == 200, "\(round): \(run) is missing")
            let status = try reply.json["status"]?.string ?? ""
            let expected =
                facts.completed.contains(number)
                ? ["completed"]
                : facts.initialised.contains(number) ? ["running", "completed"] : ["pending", "running", "completed"]
            #expect(expected.contains(status), "\(round): \(run) is \(status), expected \(expected)")
            let flags = try client.send("GET", "/runs/\(run)/metadata/flags").json
            #expect(flags["number"]?.number?.int == number, "\(round): \(run) has lost its flags")
        }
        for (session, number) in facts.sessions {
            // The run that the session began has what was sent before; where it has not begun one, this one gets it.
            let begun = try client.send("GET", "/runs/\(session)").status == 200
            if !begun {
                let reply = try client.send("PUT", "/runs/\(session)", headers: [("Run-Session", session)])
                #expect(reply.status == 201, "\(round): \(reply.text)")
            }
            let flags = try client.send("GET", "/runs/\(session)/metadata/flags").json
            #expect(flags["number"]?.number?.int == number, "\(round): what \(session) had sent, \(begun)")
        }
        for number in 0..<Self.waiting {
            let reply = try client.send("GET", "/runs/moved-\(number)")
            #expect(reply.status == 200, "\(round): moved-\(number): \(reply.text)")
        }
        #expect(try server.terminate() == .exited(0))
    }

    /// No run is in two places, and nothing waits for a session whose run has it.
    private func expectEachRunOnce(_ path: String, _ round: String) {
        var seen: Set<String> = []
        for place in ["", "archive", ".rundir/pending"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(place)")) ?? []
            where name != "archive" && name != ".rundir" {
                let run = name.hasPrefix("@") ? String(name.dropFirst()) : name
                #expect(seen.insert(run).inserted, "\(round): \(run) is in two places")
            }
        }
    }
}
