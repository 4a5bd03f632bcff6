import JSON
import PostgresStore
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

/// What two servers are asked for at the same moment, in any order: the database decides, and both servers' replies
/// agree with it.
@Suite struct RacingServersTests {
    private static let rounds = 20

    private let harness: PostgresHarness
    private let other: PostgresRunStore
    private let seed = UInt64.random(in: 0..<1_000_000)

    init() throws {
        harness = try PostgresHarness()
        other = try harness.another()
    }

    private var stores: [any RunStore] { [harness.store, other] }

    /// Asks for writes in any order, each at one of the two servers.
    /// - Returns: the replies, in the order in which the writes were given
    private func race(_ writes: [RunWrite], _ numbers: inout SeededNumbers) throws -> [Result<WriteOutcome, StoreError>]
    {
        let replies = Replies(count: writes.count)
        for index in writes.indices.shuffled(using: &numbers) {
            stores[Int.random(in: 0..<2, using: &numbers)].submit(writes[index]) { replies.set(index, $0) }
            if Bool.random(using: &numbers) { pause() }
        }
        #expect(eventually { replies.all != nil })
        return try #require(replies.all)
    }

    private static func row(_ run: RunID, _ number: Int) throws -> RunWrite {
        RunWrite(.run(run), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
    }

    private func upload(_ run: RunID, _ name: String) throws -> RunWrite {
        let path = try #require(ArtifactPath(name))
        return RunWrite(.run(run), .change([.artifact(try harness.staged(name), path) { _ in true }]))
    }

    @Test func anArchiveAgainstWritesTakesThoseBeforeItAndNoOther() throws {
        defer { other.close() }
        var numbers = SeededNumbers(seed: seed)
        for round in 0..<Self.rounds {
            let run = try #require(RunID("run-\(round)"))
            try harness.store.initialise(run)
            let writes = try (0..<8).map { try Self.row(run, $0) } + [RunWrite(.run(run), .archive)]
            let replies = try race(writes, &numbers)
            #expect(replies[8].refusal == nil, "seed \(seed)")
            let taken = replies.indices.dropLast().filter { replies[$0].refusal == nil }
            for reply in replies {
                guard let refusal = reply.refusal else { continue }
                guard case .archived(run) = refusal else {
                    Issue.record("seed \(seed): \(refusal)")
                    continue
                }
            }
            #expect(try harness.numbers(of: run).sorted() == taken, "seed \(seed)")
            #expect(try other.snapshot(of: run)?.status == .archived)
            // What happened, in the order that all readers see.
            let kinds = try harness.sql("SELECT kind FROM events WHERE run = '\(run)' ORDER BY number")
            #expect(kinds.hasSuffix("\n11\n"), "nothing comes behind the archive: \(kinds)")
        }
        #expect(try harness.miscounted() == "")
    }

    @Test func aPurgeAgainstUploadsTakesAllThatWasThere() throws {
        defer { other.close() }
        var numbers = SeededNumbers(seed: seed)
        for round in 0..<Self.rounds {
            let run = try #require(RunID("run-\(round)"))
            try harness.store.initialise(run)
            let names = (0..<6).map { "file-\($0)" }
            let writes = try names.map { try upload(run, $0) } + [RunWrite(.run(run), .purge(force: true))]
            let replies = try race(writes, &numbers)
            #expect(replies.compactMap(\.refusal).isEmpty, "seed \(seed)")
            // Those behind the purge wait for another run of that name.
            let waiting = try names.indices.filter { try replies[$0].get().effect == .pending }
            let found = try harness.sql("SELECT path FROM files WHERE run = '\(run)' ORDER BY path")
            #expect(found == waiting.map { names[$0] + "\n" }.joined(), "seed \(seed)")
            #expect(try other.snapshot(of: run)?.status == (waiting.isEmpty ? nil : .pending), "seed \(seed)")
            for index in waiting {
                let path = try #require(ArtifactPath(names[index]))
                guard case .file(let blob)? = try other.file(path, of: run, page: FolderPage.Request(limit: 1)) else {
                    Issue.record("seed \(seed): \(path) is gone")
                    continue
                }
                #expect(try String(decoding: blob.read(), as: UTF8.self) == names[index])
            }
        }
        #expect(try harness.miscounted() == "")
    }

    /// Two runs are initialised in the session that something waits in: one of them has it.
    @Test func whatWaitsInASessionGoesToOneOfTwoRuns() throws {
        defer { other.close() }
        var numbers = SeededNumbers(seed: seed)
        for round in 0..<Self.rounds {
            let session = try #require(SessionName("s\(round)"))
            let runs = try ["a", "b"].map { try #require(RunID("\($0)-\(round)")) }
            try harness.store.write(.active(session), .change([.rows(try .make([#"{"n":0}"#]))]))
            let rowsToSession = try (1..<5).map { number in
                RunWrite(.active(session), .change([.rows(try .make(["{\"n\":\(number)}"]))]))
            }
            let writes = runs.map { RunWrite(.run($0), .initialise(session: session, RunStart())) } + rowsToSession
            let replies = try race(writes, &numbers)
            #expect(replies.compactMap(\.refusal).isEmpty, "seed \(seed)")
            let rows = try runs.map { try harness.numbers(of: $0) }
            #expect(rows.joined().sorted() == Array(0..<5), "seed \(seed)")
            #expect(rows.count { $0.first == 0 } == 1, "seed \(seed)")
            // Each row is where its reply says.
            for (number, reply) in replies.dropFirst(2).enumerated() {
                guard case .success(let done) = reply, let run = done.run else { continue }
                #expect(try harness.numbers(of: run).contains(number + 1), "seed \(seed)")
            }
            let active = try other.resolve(.active(session))
            #expect(active.map(runs.contains) == true)
        }
        #expect(try harness.miscounted() == "")
    }

    @Test func aPendingRunThatIsInitialisedTwiceIsOneRunWithAllThatWaited() throws {
        defer { other.close() }
        var numbers = SeededNumbers(seed: seed)
        for round in 0..<Self.rounds {
            let run = try #require(RunID("run-\(round)"))
            try harness.store.rows(run, #"{"n":0}"#)
            let starts = (0..<2).map { index in
                RunWrite(.run(run), .initialise(session: .default, .make(flags: "{\"by\":\(index)}")))
            }
            let writes = starts + (try (1..<4).map { try Self.row(run, $0) }) + [try upload(run, "model")]
            let replies = try race(writes, &numbers)
            let outcomes = try replies.map { try $0.get() }
            #expect(outcomes[..<2].count { !$0.existed } == 1, "seed \(seed)")
            // The later one's flags, whichever that was.
            let later = outcomes[0].existed ? 0 : 1
            #expect(try other.text(.flags, of: run) == "{\"by\":\(later)}", "seed \(seed)")
            let rows = try harness.numbers(of: run)
            #expect(rows.first == 0 && rows.sorted() == Array(0..<4), "seed \(seed)")
            #expect(try other.snapshot(of: run)?.status == .running)
            #expect(try harness.sql("SELECT count(*) FROM files WHERE run = '\(run)' AND path = 'model'") == "1\n")
        }
        #expect(try harness.store.listed(limit: 1000).count == Self.rounds)
        #expect(try harness.miscounted() == "")
    }
}
