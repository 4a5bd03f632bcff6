import Glibc
import JSON
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// The index beside the directories: what is done to either.
@Suite struct IndexTests {
    private let harness: DirectoryHarness

    init() throws {
        harness = try DirectoryHarness()
        try harness.store.initialise(.one, flags: #"{"lr":0.1}"#)
        try harness.store.initialise(.two)
        try harness.store.rows(.two, #"{"loss":1}"#)
        // So that there is an index, which is built beside.
        _ = try harness.store.listed()
    }

    private var index: String { "\(harness.runs)/.rundir/index.sqlite" }

    private func listed(_ predicate: String? = nil) throws -> [String] {
        try harness.store.listed(where: predicate, order: "run")
    }

    @Test(arguments: ["removed", "no database", "empty", "cut short", "garbage inside", "another version"])
    func anIndexThatIsOfNoUseIsBuiltAnew(_ fault: String) throws {
        harness.close()
        var bytes = Tree.read(index)
        #expect(bytes.count > 8192)
        switch fault {
        case "removed": Tree.unlink(index)
        case "no database": Tree.write(Array("not an index".utf8), index)
        case "empty": Tree.write([], index)
        case "cut short": Tree.write(Array(bytes[..<5000]), index)
        case "garbage inside":
            for place in 4096..<bytes.count { bytes[place] = UInt8(truncatingIfNeeded: place &* 31) }
            Tree.write(bytes, index)
        default:
            // The user version (https://sqlite.org/fileformat2.html, offset 60).
            bytes[63] = 99
            Tree.write(bytes, index)
        }
        try harness.reopen()
        #expect(eventually { (try? listed()) == ["one", "two"] })
        #expect(try listed("metric_loss == 1 | flag_lr == 0.1") == ["one", "two"])
        #expect(harness.directoryStore.runCount() == 2)
    }

    /// Fails when each fault leaves a connection to the database open.
    @Test func anIndexThatIsBuiltAnewHasAsManyFilesOpen() throws {
        let store = harness.directoryStore
        let files = { [index] in
            names(in: "/proc/self/fd").count { target(ofLink: "/proc/self/fd/\($0)").hasPrefix(index) }
        }
        let before = files()
        #expect(before > 0)
        for _ in 0..<3 {
            try store.index.locked { () throws(StoreError) in
                store.index.noteFailure(IndexFailure(IndexFailure.Damage(description: "test")))
            }
            #expect(eventually { (try? listed()) == ["one", "two"] })
            #expect(files() == before)
        }
    }

    /// A page is held in memory as a whole: fails when its runs may weigh whatever they like together.
    @Test func aPageEndsBeforeItIsTooLarge() throws {
        let text = String(repeating: "x", count: 15 << 20)
        let names = (0..<6).map { "large-\($0)" }
        for name in names { harness.folder.write("runs/\(name)/tfruns.d/flags.json", "{\"text\":\"\(text)\"}") }
        let first = try harness.store.listed(order: "run")
        #expect(first.count < names.count && first == Array(names.prefix(first.count)), "\(first)")
        #expect(try harness.store.listedByPage(order: "run", limit: 100) == names + ["one", "two"])
    }

    @Test func whatHappenedWhileNoServerRanIsSeen() throws {
        harness.close()
        Tree.copy("\(harness.runs)/one", to: "\(harness.runs)/three")
        Tree.remove("\(harness.runs)/two")
        harness.folder.write("runs/one/tfruns.d/properties/note", "new\n")
        try harness.reopen()
        #expect(try listed() == ["one", "three"])
        #expect(try listed("note == 'new'") == ["one"])
    }

    /// By renaming, in place, and a directory that gets its metadata later.
    @Test func whatSomethingElseDoesIsSeenAtOnceWhereRunsAreFew() throws {
        #expect(try listed("flag_lr == 0.1") == ["one"])
        Tree.write(Array(#"{"lr":0.2}"#.utf8), harness.path(.flags))
        #expect(try listed("flag_lr == 0.2") == ["one"])
        Tree.makeDirectory("\(harness.runs)/three")
        #expect(try listed() == ["one", "two"])
        harness.folder.write("runs/three/tfruns.d/properties/start", "5\n")
        #expect(try listed("start == 5") == ["three"])
        harness.archive(.one)
        #expect(try listed() == ["three", "two"])
        Tree.remove("\(harness.runs)/two/tfruns.d")
        #expect(try listed() == ["three"])
    }

    @Test func whatSomethingElseDoesIsSeenSoonWhereRunsAreMany() throws {
        for number in 0..<RunIndex.fewRuns { try harness.store.initialise(try #require(RunID("r\(number)"))) }
        #expect(try harness.store.listed(limit: 1000).count == RunIndex.fewRuns + 2)
        Tree.write(Array(#"{"lr":0.2}"#.utf8), harness.path(.flags))
        #expect(try eventually { try listed("flag_lr == 0.2") == ["one"] })
    }

    @Test func aRunThatWasRecoveredIsListedAsItIs() throws {
        try harness.store.rows(.two, #"{"loss":2}"#)
        try harness.crash { Tree.unlink(harness.path(.metricsRows, of: .two)) }
        #expect(try listed("metric_loss == 2") == ["two"])
    }

    /// The runs directory as it is now, where no server has it.
    private func copied() -> String {
        harness.close()
        let copy = "\(harness.folder.path)/copy"
        Tree.copy(harness.runs, to: copy)
        return copy
    }

    @Test func theCheckFindsADamagedIndexAndBuildsItAnew() throws {
        let copy = copied()
        let index = "\(copy)/.rundir/index.sqlite"
        var bytes = Tree.read(index)
        for place in 4096..<bytes.count { bytes[place] = 0xFF }
        Tree.write(bytes, index)
        func findings(repairs: Bool) throws -> [Bool] {
            try StoreCheck(runs: copy, repairs: repairs).findings.filter { $0.path.hasSuffix("index.sqlite") }.map(
                \.isRepaired)
        }
        #expect(try findings(repairs: false) == [false])
        // A store that is opened may have mended it before it is looked at.
        #expect(try findings(repairs: true).allSatisfy { $0 })
        #expect(try findings(repairs: false).isEmpty)
    }

    /// Over several pieces of a column, with runs that come into the rows of others, columns that come and go, values
    /// of every kind. Listings are answered from memory; the database is told beside, and all of it at the end.
    @Test func theDatabaseEndsWithWhatTheDirectoriesHave() throws {
        for number in 0..<150 {
            let run = try #require(RunID("r\(number)"))
            try harness.store.initialise(
                run, flags: #"{"lr":0.\#(number),"name":"n\#(number % 7)","deep":{"a":[1,"NaN"]}}"#)
            try harness.store.rows(run, #"{"loss":\#(number),"acc":"NaN"}"#)
        }
        #expect(try harness.store.listed(where: "flag_lr > 0.5", limit: 1000).count == 53)
        for number in stride(from: 0, to: 150, by: 3) { Tree.remove("\(harness.runs)/r\(number)") }
        #expect(try harness.store.listed(limit: 1000).count == 102)
        for number in stride(from: 1, to: 150, by: 3) {
            let run = try #require(RunID("r\(number)"))
            try harness.store.rows(run, #"{"loss":"Inf"}"#)
            try harness.store.initialise(try #require(RunID("s\(number)")))
            try harness.store.change(run, .put(.flags, #"{"long":"\#(String(repeating: "é", count: 600))"}"#))
        }
        #expect(try harness.store.listed(where: "metric_loss == Inf", limit: 1000).count == 50)
        harness.close()
        let paths = RunPaths(runs: harness.runs)
        #expect(IndexCheck.fault(paths) == nil)
        let database = try IndexDatabase(path: paths.index)
        #expect(try database.rows().runs.count == 152)
        let losses = try database.column("metric_loss", rows: 200)
        #expect((0..<200).count { losses[$0] == .number(.infinity) } == 50)
        try database.close()
    }

    @Test func aLogThatIsAsItWasGetsNoFurtherCheckpoint() throws {
        let index = harness.directoryStore.index
        var last: FileVersion?
        for value in 1...2 {
            try harness.store.change(.one, .put(.flags, "{\"lr\":\(value)}"))
            #expect(try harness.store.listed(where: "flag_lr == \(value)") == ["one"])
            index.writeDown()
            #expect(index.checkpoint(beyond: 0, since: &last))
            #expect(!index.checkpoint(beyond: 0, since: &last))
            // Times of files are those of the kernel's last tick.
            usleep(50_000)
        }
    }

    @Test func aPieceThatDoesNotFitItsRowsIsFound() throws {
        harness.close()
        let paths = RunPaths(runs: harness.runs)
        harness.folder.write("runs/two/tfruns.d/metrics.ndjson", "{\"loss\":5}\n")
        let entry = try IndexEntry(.two, .initialised, in: paths.run("two", .initialised), by: RunReader())
        let database = try IndexDatabase(path: paths.index)
        let row = try #require(try database.rows()["two"])
        // As if the pieces had it.
        database.recent[row] = entry.kept
        try database.apply([.put(row: row, entry)])
        try database.close()
        #expect(IndexCheck.fault(paths)?.contains("two") == true)
    }

    @Test func reindexingTellsHowFarItIs() throws {
        let copy = copied()
        let count = try DirectoryRunStore.reindex(runs: copy) { done, total in #expect(done <= total && total == 2) }
        #expect(count.count == 2 && count.unreadable.isEmpty)
        let store = try DirectoryHarness.open(copy)
        #expect(try store.listed(order: "run") == ["one", "two"])
        #expect(throws: DirectoryRunStore.OpenFailure.self) { try DirectoryRunStore.reindex(runs: copy) { _, _ in } }
        store.close()
    }
}
