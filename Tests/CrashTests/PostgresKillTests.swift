import Glibc
import Synchronization
import TestSupport
import Testing

/// Two servers on one database: what was acknowledged is there, once, after either was killed at whatever moment that
/// comes, and both servers tell the same.
@Suite struct PostgresKillTests {
    /// Rounds in one database.
    private static let roundsOfADatabase = 25

    /// What is killed.
    private enum Victim: CaseIterable, Sendable {
        /// The database's first process, by `kill -9`.
        case database
        /// An immediate stop: all of its processes end without writing anything more.
        case stoppedDatabase
        /// One of its sessions, by `kill -9`: the database ends all others, and recovers.
        case session
        case firstServer
        case secondServer
        case all
    }

    private let postgres: PostgresServer
    private let folder = TemporaryFolder()
    private let seed = CrashSettings.seed

    init() throws { postgres = try PostgresServer() }

    @Test func acknowledgedWritesOutliveKillsOfDatabaseAndServers() throws {
        CrashSettings.say("database kills: RUNDIR_SEED=\(seed)")
        var numbers = SeededNumbers(seed: seed)
        var (database, servers, all) = ("", [Server](), [WriteLedger]())
        var (acknowledgements, refusals) = (0, 0)
        for number in 0..<CrashSettings.databaseKills where !CrashSettings.isOver {
            let round = "database kills: RUNDIR_SEED=\(seed), round \(number)"
            if number % Self.roundsOfADatabase == 0 {
                (database, all) = (try postgres.makeDatabase(), [])
                servers = try (0..<2).map { try server($0, database) }
            }
            // Each in turn, so that a short form has most of them.
            let victim = Victim.allCases[number % Victim.allCases.count]
            let count = Int.random(in: 10..<150, using: &numbers)
            let load = Load(prefix: "r\(number)", seed: numbers.next())
            let counter = load.acknowledged
            let chosen = servers
            // Clients of what stays go on for a while.
            let ledgers = try load.run(
                servers, after: count, refusals: [503], until: { counter.value >= count + 40 },
                then: { kill(victim, chosen) })
            for index in servers.indices where isKilled(index, victim) {
                _ = try servers[index].process.wait()
                servers[index] = try server(index, database)
            }
            acknowledgements += counter.value
            refusals += ledgers.reduce(0) { $0 + $1.doubtful.count }
            let faults = try check(servers, database, ledgers, others: all)
            all += ledgers
            guard faults.isEmpty else { return CrashSettings.report(faults, "\(round), \(victim)") }
        }
        CrashSettings.say(
            "database kills: \(CrashSettings.databaseKills) rounds, \(acknowledgements) acknowledged writes, \(refusals) "
                + "without an answer; 0 lost, 0 doubled")
    }

    private func server(_ index: Int, _ database: String) throws -> Server {
        // Only processes are killed here.
        try Server(
            runs: "\(folder.path)/\(index)", "--store", postgres.address(of: database), "--unsynced-store")
    }

    private func isKilled(_ index: Int, _ victim: Victim) -> Bool {
        switch victim {
        case .database, .stoppedDatabase, .session: false
        case .firstServer: index == 0
        case .secondServer: index == 1
        case .all: true
        }
    }

    /// Kills, and starts the database again.
    private func kill(_ victim: Victim, _ servers: [Server]) {
        do {
            switch victim {
            case .database: postgres.kill()
            case .stoppedDatabase: postgres.kill(SIGQUIT)
            case .session:
                let sessions = try postgres.sql(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'rundir' ORDER BY random() LIMIT 1")
                if let id = pid_t(sessions.dropLast()) { Glibc.kill(id, SIGKILL) }
                return
            case .firstServer: return servers[0].process.signal(SIGKILL)
            case .secondServer: return servers[1].process.signal(SIGKILL)
            case .all:
                for server in servers { server.process.signal(SIGKILL) }
                postgres.kill()
            }
            try postgres.start()
        } catch { Issue.record(error) }
    }

    // MARK: Checking

    /// - Returns: what is wrong
    private func check(
        _ servers: [Server], _ database: String, _ ledgers: [WriteLedger], others: [WriteLedger]
    ) throws -> [String] {
        for server in servers {
            let isReady = eventually { (try? server.connect().send("GET", "/ready").status) == 200 }
            if !isReady { return ["a server is not ready again: \(server.errors.suffix(1000))"] }
        }
        let other = try servers[1].connect()
        let check = try LedgerCheck(servers[0], ledgers) { run, path in
            let reply = try other.send("GET", "/runs/\(run)/files/\(path)")
            return reply.status == 200 ? reply.body : nil
        }
        return check.faults + (try strayRuns(database, ledgers + others))
    }

    /// Runs that nobody asked for.
    private func strayRuns(_ database: String, _ ledgers: [WriteLedger]) throws -> [String] {
        let known = ledgers.reduce(into: Set<String>()) { $0.formUnion($1.runs) }
        let there = try postgres.sql("SELECT run FROM rundir.runs WHERE left(run, 1) <> '@'", in: database)
        let unknown = there.split(separator: "\n").map(String.init).filter { !known.contains($0) }
        let mayBe = ledgers.reduce(0) { $0 + $1.unknownRuns }
        return unknown.count > mayBe ? ["runs that nobody asked for: \(unknown)"] : []
    }
}
