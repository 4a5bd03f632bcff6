import Glibc
import TestSupport
import Testing

/// `rundir import`, `export` and `migrate` with `--store`.
@Suite struct PostgresExportTests {
    private let folder = TemporaryFolder()
    private let database: String
    private let address: String

    init() throws {
        let postgres = try PostgresServer.shared.get()
        database = try postgres.makeDatabase()
        address = postgres.address(of: database)
    }

    private var directory: String { "\(folder.path)/export" }

    /// Runs a command on the database.
    private func rundir(_ arguments: String...) throws -> (ending: ChildProcess.Ending, output: String, errors: String)
    {
        let command = try Command(
            arguments: [Server.executable] + arguments + ["--store", address, "--unsynced-store"])
        return (command.ending, String(decoding: command.output, as: UTF8.self), command.errors)
    }

    @Test func aRunsDirectoryGoesInAndOutAgain() throws {
        let fixtures = "\(TfrunsFixture.folder)/runs"
        let imported = try rundir("import", fixtures)
        #expect(imported.ending == .exited(0), "\(imported.errors)")
        #expect(
            imported.output.hasSuffix("imported 3 runs of \(fixtures); 0 were there already, 0 could not be imported\n")
        )
        #expect(try rundir("import", fixtures).output.contains("imported 0 runs of \(fixtures); 3 were there already"))
        let exported = try rundir("export", directory)
        #expect(exported.ending == .exited(0), "\(exported.errors)")
        #expect(exported.output == "exported to \(directory): 3 written, 0 unchanged\n")
        #expect(DirectoryTree(directory, excluding: [".rundir"]) == DirectoryTree(fixtures))
        #expect(try rundir("export", directory).output == "exported to \(directory): 0 written, 3 unchanged\n")
        let server = try Server(runs: "\(folder.path)/server", "--store", address, "--unsynced-store")
        #expect(server.greeting.hasSuffix("3 runs"))
        let reply = try server.connect().send("GET", "/runs/\(TfrunsFixture.runs[0])/metadata/flags")
        #expect(reply.body == TfrunsFixture(run: TfrunsFixture.runs[0]).tree["flags.json"])
    }

    @Test func oneRunAndABundleComeIn() throws {
        let run = TfrunsFixture.runs[0]
        #expect(try rundir("import", "\(TfrunsFixture.folder)/runs/\(run)", "--as", "copy").output == "imported copy\n")
        let again = try rundir("import", "\(TfrunsFixture.folder)/runs/\(run)", "--as", "copy")
        #expect(again.ending == .exited(1) && again.errors.contains("there is already a run \"copy\""))
        try Command.succeed("tar", "czf", "\(folder.path)/b.tar.gz", "-C", "\(TfrunsFixture.folder)/runs", run)
        #expect(try rundir("import", "\(folder.path)/b.tar.gz").output == "imported \(run)\n")
        #expect(try rundir("export", directory).ending == .exited(0))
        for name in ["copy", run] {
            #expect(DirectoryTree("\(directory)/\(name)") == DirectoryTree("\(TfrunsFixture.folder)/runs/\(run)"))
        }
    }

    /// What a server of directories left comes in with what its journal has, and what waits is said to stay.
    @Test func whatAKilledServerLeftComesIn() throws {
        let runs = "\(folder.path)/runs"
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.sendEmpty("PUT", "/runs/one").status == 201)
        for step in 1...50 {
            let row = #"{"step": \#(step), "loss": \#(step)}"#
            #expect(try client.sendJSON("POST", "/runs/one/metadata/metrics", row).status == 201)
        }
        #expect(try client.sendJSON("POST", "/runs/later/metadata/flags", "{}").status == 202)
        let taken = try rundir("import", runs)
        #expect(taken.ending == .exited(1), "a server has it")
        try server.crash()
        let imported = try rundir("import", runs)
        #expect(imported.ending == .exited(0), "\(imported.errors)")
        #expect(
            imported.output.contains("imported 1 runs") && imported.output.contains("1 not initialised yet, left out"))
        #expect(try rundir("export", directory).ending == .exited(0))
        let rows = folder.text("export/one/tfruns.d/metrics.ndjson")
        #expect(rows?.split(separator: "\n").count == 50)
        #expect(rows == folder.text("runs/one/tfruns.d/metrics.ndjson"))
    }

    // MARK: Following

    /// An export that follows, and what it printed.
    private func follow() throws -> (process: ChildProcess, output: () -> String) {
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let output = open("\(folder.path)/output", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        defer { for descriptor in [input, output] { close(descriptor) } }
        let process = try ChildProcess(
            [Server.executable, "export", "--follow", directory, "--store", address, "--unsynced-store"], input: input,
            output: output, error: output)
        return (process, { [folder] in folder.text("output") ?? "" })
    }

    @Test func theDirectoryFollowsTheServers() throws {
        let server = try Server(runs: "\(folder.path)/server", "--store", address, "--unsynced-store")
        let client = try server.connect()
        #expect(try client.sendJSON("PUT", "/runs/one", #"{"flags": {"lr": 0.10}}"#).status == 201)
        #expect(try client.sendEmpty("PUT", "/runs/two").status == 201)
        let export = try follow()
        #expect(
            eventually { export.output().contains("exported to \(directory): 2 written, 0 unchanged; following\n") })
        #expect(folder.text("export/one/tfruns.d/flags.json") == "{\n  \"lr\": 0.10\n}\n")
        #expect(try client.sendJSON("POST", "/runs/one/metadata/metrics", #"{"step": 1, "loss": 0.5}"#).status == 201)
        #expect(try client.send("PUT", "/runs/one/files/models/net.pt", text: "weights").status == 201)
        #expect(eventually { folder.text("export/one/models/net.pt") == "weights" })
        let frame = "{\n  \"step\": [1],\n  \"loss\": [0.5]\n}\n"
        #expect(eventually { folder.text("export/one/tfruns.d/metrics.json") == frame })
        #expect(try client.sendEmpty("PUT", "/runs/three").status == 201)
        #expect(eventually { folder.exists("export/three/tfruns.d/properties/start") })
        #expect(try client.sendEmpty("POST", "/runs/three/complete").status == 200)
        #expect(try client.sendEmpty("POST", "/runs/three/archive").status == 200)
        #expect(eventually { folder.exists("export/archive/three") && !folder.exists("export/three") })
        #expect(try client.send("DELETE", "/runs/three").status == 204)
        #expect(eventually { !folder.exists("export/archive/three") })
        export.process.signal(SIGTERM)
        #expect(try export.process.wait() == .exited(0), "\(export.output())")
        // What happens meanwhile is found when it is begun again.
        #expect(try client.send("DELETE", "/runs/two?force=true").status == 204)
        let again = try follow()
        #expect(
            eventually {
                again.output().contains("exported to \(directory): 0 written, 1 unchanged, 1 removed; following")
            })
        #expect(!folder.exists("export/two"))
        again.process.signal(SIGTERM)
        #expect(try again.process.wait() == .exited(0))
    }

    // MARK: Migration

    @Test func migrateMakesTheTablesAndAServerSaysWhichItNeeds() throws {
        let none = try rundir("export", directory)
        #expect(none.ending != .exited(0) && none.errors.contains("the database has no runs"))
        #expect(try rundir("migrate").output.hasPrefix("made the tables of version "))
        #expect(try rundir("migrate").output.hasSuffix("already; nothing to do\n"))
        let postgres = try PostgresServer.shared.get()
        for (version, text) in [(0, "run `rundir migrate`"), (99, "use a newer rundir, one that has version 99")] {
            try postgres.sql("UPDATE rundir.store SET version = \(version)", in: database)
            let failure = #expect(throws: Server.Failure.self) {
                try Server(runs: "\(folder.path)/server", "--store", address, "--unsynced-store")
            }
            #expect(failure?.description.contains("has version \(version)") == true)
            #expect(failure?.description.contains(text) == true, "\(failure?.description ?? "")")
        }
        #expect(try rundir("migrate").ending != .exited(0))
        let withoutStore = try Command(Server.executable, "migrate")
        #expect(withoutStore.ending == .exited(64) && withoutStore.errors.contains("--store"))
    }
}
