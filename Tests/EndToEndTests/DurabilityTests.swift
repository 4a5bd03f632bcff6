import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

/// What was acknowledged is there after `kill -9`, at whatever moment that comes, and after a power cut.
@Suite struct DurabilityTests {
    /// 5 rounds; 100 with `RUNDIR_LONG=1`.
    private static let rounds = ProcessInfo.processInfo.environment["RUNDIR_LONG"] == "1" ? 100 : 5
    /// Another one each time; `RUNDIR_SEED` runs one again.
    private static let seed =
        ProcessInfo.processInfo.environment["RUNDIR_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    private static let clients = 8
    /// What the server itself syncs before it acknowledges.
    private static let synced: Set<String> = [".rundir/journal", ".rundir/staging", ".rundir/lock"]

    private let folder = TemporaryFolder()

    @Test func acknowledgedWritesOutliveKillsAtRandomMoments() throws {
        print("DurabilityTests: RUNDIR_SEED=\(Self.seed)")
        var numbers = SeededNumbers(seed: Self.seed)
        let archives = try Self.archives()
        var all: [WriteLedger] = []
        for number in 0..<Self.rounds {
            // Small segments in every second round: checkpoints come amid the load.
            let server = try start(isSmall: number % 2 == 1)
            let round = "seed \(Self.seed), round \(number)"
            let ledgers = try load(
                server, prefix: "r\(number)", archives: archives, seed: numbers.next(),
                killAfter: Int.random(in: 20..<800, using: &numbers))
            if number % 2 == 1 { try crashWhileRecovering(&numbers) }
            try check(ledgers, round)
            all += ledgers
        }
        // Nothing that later rounds did has harmed what earlier ones left.
        try check(all, "seed \(Self.seed), all rounds")
    }

    @Test("A power cut that leaves only what was synced loses nothing", arguments: [false, true])
    func powerCutLosesNothing(isTorn: Bool) throws {
        let server = try start(isSmall: false)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/before").status == 201)
        #expect(try client.sendJSON("POST", "/runs/before/metadata/metrics", #"{"epoch": 0, "loss": 1}"#).status == 201)
        #expect(try server.terminate() == .exited(0))
        // All of this is on the disk: the server says so by its end.
        let synced = TemporaryFolder()
        try Command.succeed("cp", "-a", folder.path, "\(synced.path)/runs")

        let second = try start(isSmall: false)
        let ledgers = try load(
            second, prefix: "cut", archives: try Self.archives(), seed: Self.seed, killAfter: 300)
        // The journal was synced too, and uploads; of all else nothing may have come to the disk, or a part.
        for path in DirectoryTree(folder.path, excluding: Self.synced).files where !path.hasSuffix("/source.tar.gz") {
            try isTorn ? tear(path) : FileManager.default.removeItem(atPath: "\(folder.path)/\(path)")
        }
        try FileManager.default.removeItem(atPath: "\(folder.path)/before")
        try Command.succeed("cp", "-a", "\(synced.path)/runs/before", folder.path)
        let third = try check(ledgers, "seed \(Self.seed), power cut")
        let frame = try third.connect().send("GET", "/runs/before/metadata/metrics").json
        #expect(frame["loss"]?.array?.first?.number?.text == "1")
    }

    @Test func serverThatWasKilledLeavesNoStagedFiles() throws {
        let server = try start(isSmall: false)
        let client = try server.connect()
        let head = "POST /runs/a/metadata/source HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/gzip\r\n"
        try client.write(
            Array((head + "Content-Length: 9000000\r\n\r\n").utf8) + [UInt8](repeating: 0x1F, count: 4_000_000))
        let staging = "\(folder.path)/.rundir/staging"
        #expect(eventually { !DirectoryTree(staging).entries.isEmpty })
        try server.crash()
        #expect(!DirectoryTree(staging).entries.isEmpty)
        _ = try start(isSmall: false)
        #expect(DirectoryTree(staging).entries.isEmpty)
    }

    // MARK: Parts

    private func start(isSmall: Bool) throws -> Server {
        try isSmall ? Server(runs: folder.path, "--journal-size", "65536") : Server(runs: folder.path)
    }

    /// Lets all clients write until the server is killed after so many acknowledgements.
    private func load(
        _ server: Server, prefix: String, archives: [[UInt8]], seed: UInt64, killAfter: Int
    ) throws -> [WriteLedger] {
        let shared = (0..<3).map { "\(prefix)-shared-\($0)" }
        let client = try server.connect()
        for run in shared { #expect(try client.send("PUT", "/runs/\(run)").status == 201) }
        let count = Counter()
        let clients = (0..<Self.clients).map { index in
            WritingClient(index: index, prefix: prefix, shared: shared, archives: archives, seed: seed) {
                if count.increment() == killAfter { server.process.signal(SIGKILL) }
            }
        }
        let group = DispatchGroup()
        for client in clients {
            group.enter()
            Thread.detachNewThread {
                client.run(server)
                group.leave()
            }
        }
        #expect(group.wait(timeout: .now() + 120) == .success, "the clients got nowhere")
        #expect(try server.process.wait() == .signalled(SIGKILL), "\(server.errors)")
        return clients.map(\.ledger)
    }

    /// Starts a server and kills it before it has said that it is up, or thereabouts.
    private func crashWhileRecovering(_ numbers: inout SeededNumbers) throws {
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

    @discardableResult
    private func check(_ ledgers: [WriteLedger], _ round: String) throws -> Server {
        let server = try start(isSmall: false)
        try LedgerCheck(server: server, ledgers: ledgers, round: round).run()
        // A view that is being refreshed is staged too, for a moment.
        #expect(eventually { DirectoryTree("\(folder.path)/.rundir/staging").entries.isEmpty }, "\(round)")
        return server
    }

    /// Cuts a file to half of its length, or leaves it its length with zeros in the second half, as a file system may.
    private func tear(_ path: String) throws {
        let file = URL(fileURLWithPath: "\(folder.path)/\(path)")
        let bytes = try Data(contentsOf: file)
        let half = bytes.prefix(bytes.count / 2)
        let isCut = bytes.count % 2 == 0
        try (isCut ? half : half + Data(repeating: 0, count: bytes.count - half.count)).write(to: file)
    }

    /// Two archives of source, as tfruns would make them.
    private static func archives() throws -> [[UInt8]] {
        try (0..<2).map { number in
            let folder = TemporaryFolder()
            folder.write("source/train.py", "print(\(number))\n")
            return try Command.succeed("tar", "cz", "-C", folder.path, "source")
        }
    }
}

/// Counts for several threads.
private final class Counter: Sendable {
    private let value = Mutex(0)

    func increment() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }
}
