import Glibc
import JSON
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// Whatever one run's directory holds, the others are listed, and it is listed with what can be read of it.
@Suite struct StrangeRunsTests {
    private let harness: DirectoryHarness

    init() throws {
        harness = try DirectoryHarness()
        try harness.store.initialise(.one, flags: #"{"lr":0.1}"#)
        try harness.store.initialise(.two, flags: #"{"lr":0.2}"#)
        _ = try harness.store.listed()
    }

    private static let strange: [(file: String, text: String)] = [
        ("flags.json", #"{"a\u0000b":1,"a\u0000c":2,"ok":3}"#),
        ("flags.json", "{\"\(String(repeating: "n", count: 1_000_000))\":1,\"ok\":3}"),
        ("flags.json", "{" + (0..<200_000).map { "\"f\($0)\":\($0)" }.joined(separator: ",") + "}"),
        ("flags.json", "{\"a\":[" + String(repeating: "1,", count: 200_000) + "1]}"),
        ("flags.json", "[1,2]"), ("flags.json", "no JSON"), ("flags.json", ""),
        ("evaluation.json", #"{"a\u0000b":1,"a\u0000c":"x","deep":{"e\u0001":[1,{"x":2}]}}"#),
        ("metrics.ndjson", #"{"m\u0000a":1,"m\u0000b":2}"# + "\n"),
        ("metrics.json", #"{"m\u0000a":[1],"m\u0000b":[2]}"#),
    ]

    @Test(arguments: strange.indices)
    func theOthersAreListed(_ number: Int) throws {
        let (file, text) = Self.strange[number]
        harness.folder.write("runs/one/tfruns.d/\(file)", text)
        #expect(try harness.store.listed(order: "run") == ["one", "two"])
        #expect(try harness.store.listed(where: "flag_lr == 0.2") == ["two"])
        let warnings = harness.store.warnings
        #expect(warnings.map(\.name) == ["unreadable-runs"])
        #expect(warnings[0].detail.contains("one") && !warnings[0].detail.contains("two"), "\(warnings[0].detail)")
        #expect(warnings[0].detail.utf8.count < 1000)
        // What other writers did stays to be seen, and the index is not thrown away.
        try harness.store.initialise(.three)
        #expect(try harness.store.listed(order: "run") == ["one", "three", "two"])
        harness.close()
        #expect(IndexCheck.fault(RunPaths(runs: harness.runs)) == nil)
        let (count, unreadable) = try DirectoryRunStore.reindex(runs: copied()) { _, _ in }
        #expect(count == 3 && Array(unreadable.keys) == ["one"])
        let found = try StoreCheck(runs: "\(harness.folder.path)/copy", repairs: false).findings
        #expect(found.contains { $0.path == "one" && $0.fault.contains("listed only in part") })
        try harness.reopen()
        #expect(try harness.store.listed(order: "run") == ["one", "three", "two"])
        #expect(harness.store.warnings.count == 1)
    }

    private func copied() -> String {
        let copy = "\(harness.folder.path)/copy"
        Tree.copy(harness.runs, to: copy)
        return copy
    }

    @Test func whatIsNoFileIsPassedOver() throws {
        let data = "\(harness.runs)/one/tfruns.d"
        Tree.unlink("\(data)/flags.json")
        mkfifo("\(data)/flags.json", 0o644)
        Tree.makeDirectory("\(data)/evaluation.json")
        mkfifo("\(data)/metrics.ndjson", 0o644)
        mkfifo("\(data)/properties/pipe", 0o644)
        #expect(try harness.store.listed(order: "run") == ["one", "two"])
        #expect(harness.store.warnings.first?.detail.contains("flags.json is not a file") == true)
    }

    /// Files with holes, which take no room on the disk, and of which nothing else has as much memory.
    @Test func filesOfAnySizeAreNotReadIntoMemory() throws {
        func grow(_ path: String) {
            harness.folder.write("runs/one/tfruns.d/\(path)", "")
            #expect(truncate("\(harness.runs)/one/tfruns.d/\(path)", 1 << 42) == 0)
        }
        for name in ["note", "script", "end", "output"] { grow("properties/\(name)") }
        for name in ["flags.json", "evaluation.json", "sent/flags.json"] { grow(name) }
        let store = harness.store
        let properties = try store.properties(of: .one).map { $0.map(\.name) }
        #expect(properties?.contains("start") == true && properties?.contains("note") == false)
        let snapshot = try #require(try store.snapshot(of: .one))
        #expect(snapshot.summary.columns["start"] != nil && snapshot.summary.columns["note"] == nil)
        #expect(try store.listed(order: "run") == ["one", "two"])
        #expect(throws: StoreError.beingWritten(.flags)) { try store.file(.flags, of: .one) }
        #expect(throws: StoreError.self) { try store.patch(.one, .file(.evaluation), #"{"acc":1}"#) }
        try store.write(.run(.one), .complete(RunEnd()))
        #expect(try store.snapshot(of: .one)?.status == .stopped || store.snapshot(of: .one)?.status == .completed)
        grow("error.json")
        #expect(throws: StoreError.self) { try store.write(.run(.one), .resume(session: .default)) }
        #expect(try store.snapshot(of: .two)?.summary.columns["flag_lr"] == 0.2)
        harness.close()
        let found = try StoreCheck(runs: harness.runs, repairs: false).findings
        #expect(found.contains { $0.path.contains("error.json") })
    }

    /// What waits is put behind what is there through the journal, while others wait.
    @Test func whatWaitsAndIsTooLargeToBePutBehindWhatIsThereStaysWaiting() throws {
        let output = DataPath.output
        try harness.store.write(.run(.three), .change([.append(output, head: [], Array("there\n".utf8))]))
        try harness.store.write(.active(.other), .change([.append(output, head: [], Array("waits\n".utf8))]))
        let waiting = "\(harness.runs)/.rundir/pending/@other/tfruns.d/properties/output"
        #expect(truncate(waiting, 1 << 40) == 0)
        #expect(throws: StoreError.self) { try harness.store.initialise(.three, session: .other) }
        #expect(truncate(waiting, 6) == 0)
        try harness.store.initialise(.three, session: .other)
        #expect(harness.onDisk(.output, of: .three) == "there\nwaits\n")
    }

    @Test func aRunThatIsMendedIsNoLongerTold() throws {
        harness.folder.write("runs/one/tfruns.d/flags.json", #"{"a\u0000b":1}"#)
        #expect(try harness.store.listed().count == 2)
        #expect(harness.store.warnings.count == 1)
        harness.folder.write("runs/one/tfruns.d/flags.json", #"{"lr":0.5}"#)
        #expect(try harness.store.listed(where: "flag_lr == 0.5") == ["one"])
        #expect(harness.store.warnings.isEmpty)
    }

    /// A column that the database refuses, whatever the reason: here one whose name it has already (UNIQUE).
    @Test func aRunThatTheDatabaseRefusesKeepsNoOtherOut() throws {
        try harness.store.initialise(.three)
        _ = try harness.store.listed()
        harness.close()
        let database = try IndexDatabase(path: RunPaths(runs: harness.runs).index)
        let row = try #require(try database.rows()["three"])
        database.columns["flag_lr"] = nil
        harness.folder.write("runs/three/tfruns.d/flags.json", #"{"lr":7}"#)
        let read = try IndexEntry(.three, .initialised, in: "\(harness.runs)/three", by: RunReader())
        let made = try database.apply([.put(row: row, read)])
        guard case .put(row, let entry) = made.first else {
            Issue.record("\(made)")
            return
        }
        #expect(entry.fault?.contains("the index rejects its columns") == true)
        #expect(entry.summary.columns.names == ["run"])
        let kept = try database.rows()
        #expect(Set(kept.runs) == ["one", "two", "three"] && kept.faults.keys.sorted() == ["three"])
        try database.close()
    }

    /// Read, not mapped: a file may be cut short at any moment.
    @Test func rowsThatAreCutShortWhileTheyAreReadAreWhatIsLeftOfThem() throws {
        var text = ""
        for row in 0..<50_000 { text += "{\"step\":\(row),\"loss\":0.5}\n" }
        harness.folder.write("runs/one/tfruns.d/metrics.ndjson", text)
        let file = try Files.open(harness.path(.metricsRows), O_RDONLY)
        defer { close(file) }
        let size = text.utf8.count
        truncate(harness.path(.metricsRows), 27)
        // As if the size had been asked for before.
        var written = 0
        try harness.directoryStore.writeFrame(of: file, size: size) { written += $0.count }
        #expect(written > 0 && written < 100)
        var mark = RowsMark()
        var status = Files.status(of: file)
        status.st_size = off_t(size)
        mark.read(file, status, by: RunReader())
        #expect(mark.tail.digest?.completed == 1)
        truncate(harness.path(.metricsRows), 3)
        mark.read(file, status, by: RunReader())
        #expect(mark.tail.digest == nil)
    }

    @Test func rowsThatAreCutShortWhileTheyAreStreamedAreWhatIsLeftOfThem() throws {
        let line = "{\"step\":1,\"loss\":0.5}\n"
        harness.folder.write("runs/one/tfruns.d/metrics.ndjson", String(repeating: line, count: 50_000))
        let rows = try #require(try harness.directoryStore.metricsRows(of: .one))
        truncate(harness.path(.metricsRows), off_t(line.utf8.count))
        #expect(try rows.read(0..<rows.size) == Array(line.utf8))
        #expect(try rows.read(rows.size - 100..<rows.size).isEmpty)
    }

    /// Nothing of it can be read, not even whether it is one.
    @Test(arguments: ["../../outside", "tfruns.d"])
    func aRunWhoseDataDirectoryIsOutOfReachIsToldOf(_ target: String) throws {
        harness.folder.write("outside/flags.json", #"{"secret":1}"#)
        let data = "\(harness.runs)/one/tfruns.d"
        Tree.remove(data)
        Tree.link(data, to: target)
        #expect(try harness.store.listed(order: "run").contains("two"))
        #expect(harness.store.warnings.first?.detail.contains("one") == true)
        // It is not read again and again while it stays so; a run that is a link is none.
        Tree.link("\(harness.runs)/linked", to: "two")
        let index = harness.directoryStore.index
        #expect(index.differingNames() == [])
        #expect(index.looks(from: 0, count: 10)?.filter(\.hasChanged).map(\.run) == [])
        harness.close()
        let (count, unreadable) = try DirectoryRunStore.reindex(runs: harness.runs) { _, _ in }
        #expect(count == 2 && Array(unreadable.keys) == ["one"])
        try harness.reopen()
        Tree.unlink(data)
        #expect(try harness.store.listed(order: "run") == ["two"])
    }

    /// The rows before are not read again.
    @Test func whatARunTellsOfItsMetricsIsReadOnFromWhereItWasRead() throws {
        for row in 0..<3 { try harness.store.rows(.one, #"{"step":\#(row),"loss":\#(row)}"#) }
        #expect(try harness.store.snapshot(of: .one)?.summary.columns["metric_loss"] == 2)
        // Of what was read, only the last bytes are looked at.
        var bytes = Tree.read(harness.path(.metricsRows))
        let padding = String(repeating: "{\"step\":3,\"loss\":3}\n", count: 10)
        bytes += Array(padding.utf8)
        Tree.write(bytes, harness.path(.metricsRows))
        #expect(try harness.store.snapshot(of: .one)?.summary.columns["metric_loss"] == 3)
        bytes[8] = UInt8(ascii: "9")
        Tree.write(bytes, harness.path(.metricsRows))
        #expect(try harness.store.snapshot(of: .one)?.summary.columns["metric_loss"] == 3)
    }

    /// The file moves: its inode stays, and nothing of it goes through the journal.
    @Test func manyRowsThatWaitedAreAdoptedByRenaming() throws {
        let rows = (0..<5000).map { #"{"step":\#($0),"loss":0.25}"# }
        try harness.store.write(.active(.other), .change([.rows(try .make(rows))]))
        let waiting = "\(harness.runs)/.rundir/pending/@other/tfruns.d/metrics.ndjson"
        let inode = try #require(Files.status(waiting)).st_ino
        let before = harness.store.statistics.writtenBytes
        try harness.store.initialise(.three, session: .other)
        #expect(Files.status(harness.path(.metricsRows, of: .three))?.st_ino == inode)
        #expect(harness.store.statistics.writtenBytes - before < 10_000)
        try harness.store.rows(.three, #"{"step":5000,"loss":1}"#)
        #expect(try harness.store.snapshot(of: .three)?.summary.columns["steps_completed"] == 5001)
        #expect(try harness.store.frame(of: .three)?.contains("0.25,1]") == true)
        // After a power cut the name may be there and the rows not: the journal has them.
        try harness.crash { truncate(harness.path(.metricsRows, of: .three), 0) }
        #expect(try harness.store.snapshot(of: .three)?.summary.columns["steps_completed"] == 5001)
        #expect(harness.onDisk(.metricsRows, of: .three)?.utf8.count(where: { $0 == 10 }) == 5001)
    }

    @Test func manyRowsThatWaitedAreAddedBehindThoseThatAreThere() throws {
        try harness.store.rows(.three, #"{"step":0,"loss":1}"#)
        let rows = (1...5000).map { #"{"step":\#($0),"loss":0.25}"# }
        try harness.store.write(.active(.other), .change([.rows(try .make(rows))]))
        try harness.store.initialise(.three, session: .other)
        try harness.store.rows(.three, #"{"step":5001,"loss":2}"#)
        try harness.crash()
        #expect(harness.onDisk(.metricsRows, of: .three)?.utf8.count(where: { $0 == 10 }) == 5002)
        #expect(try harness.store.frame(of: .three)?.contains("0.25,2]") == true)
    }
}
