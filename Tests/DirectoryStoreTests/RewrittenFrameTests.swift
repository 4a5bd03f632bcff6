import Glibc
import JSON
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// `metrics.json` that something else, such as R, writes beside the rows of a run: the newer truth.
@Suite struct RewrittenFrameTests {
    private let harness: DirectoryHarness

    init() throws {
        harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        for epoch in 1...3 { try harness.store.rows(.one, "{\"epoch\":\(epoch),\"loss\":0.\(epoch)}") }
    }

    private let seen = #"{"epoch":[1,2,3],"loss":[0.1,0.2,0.3]}"#
    private let new = #"{"epoch":[1,2],"loss":[9,8.5]}"#
    private var path: String { harness.path(.metricsFrame) }

    /// As R does it: emptied, and written in place.
    private func rewrite(_ text: String, of run: RunID = .one) {
        Tree.write(Array(text.utf8), harness.path(.metricsFrame, of: run))
    }

    private func rowsText(of run: RunID = .one) throws -> String? {
        try harness.directoryStore.metricsRows(of: run).map { rows in
            String(decoding: try rows.read(0..<rows.size), as: UTF8.self)
        }
    }

    /// What each of the ways to read a run's metrics says of the last loss.
    private func losses(of run: RunID = .one) throws -> [String: String?] {
        let frame = try JSONValue.parse(try #require(try harness.store.frame(of: run)))
        let rows = try MetricsTableText.losses(try #require(try rowsText(of: run)))
        let listed = try harness.store.runs(RunQuery()).runs.first { $0.run == run }?.columns["metric_loss"]?.number?
            .text
        return [
            "frame": frame["loss"]?.array?.compactMap { $0.number?.text }.last, "rows": rows.last, "listing": listed,
            "snapshot": try harness.store.snapshot(of: run)?.summary.columns["metric_loss"]?.number?.text,
        ]
    }

    private enum MetricsTableText {
        static func losses(_ rows: String) throws -> [String] {
            let values = try rows.split(separator: "\n").map { try JSONValue.parse(String($0)) }
            return values.compactMap { $0["loss"]?.number?.text }
        }
    }

    private func expect(_ loss: String, of run: RunID = .one, _ location: SourceLocation = #_sourceLocation) throws {
        for (way, found) in try losses(of: run) {
            #expect(found == loss, "\(way)", sourceLocation: location)
        }
    }

    /// When the view was written last before.
    enum View: CaseIterable { case none, lagging, upToDate, reopened, crashed }

    private func prepare(_ view: View) throws {
        switch view {
        case .none: return
        case .lagging:
            harness.directoryStore.bringUpToDate(.one)
            try harness.store.rows(.one, #"{"epoch":4,"loss":0.4}"#)
        case .upToDate: harness.directoryStore.bringUpToDate(.one)
        case .reopened: try harness.reopen()
        case .crashed: try harness.crash()
        }
    }

    @Test(arguments: View.allCases)
    func allReadsTellWhatItSaysAndNothingIsWritten(_ view: View) throws {
        try prepare(view)
        rewrite(new)
        try expect("8.5")
        #expect(harness.onDisk(.metricsFrame) == new)
        #expect(harness.onDisk(.earlierMetricsRows) == nil)
    }

    @Test(arguments: View.allCases)
    func theNextRowGoesOnFromItAndTheEarlierRowsAreKept(_ view: View) throws {
        try prepare(view)
        let earlier = try #require(harness.onDisk(.metricsRows))
        rewrite(new)
        try harness.store.rows(.one, #"{"epoch":3,"loss":7}"#)
        #expect(try harness.store.frame(of: .one) == #"{"epoch":[1,2,3],"loss":[9,8.5,7]}"#)
        try expect("7")
        #expect(harness.onDisk(.earlierMetricsRows) == earlier)
        // And once only.
        try harness.store.rows(.one, #"{"epoch":4,"loss":6}"#)
        #expect(harness.onDisk(.earlierMetricsRows) == earlier)
        try expect("6")
    }

    /// The log is open, and no view was written since: the row comes at once.
    @Test func eachRewritingCountsHoweverOftenRowsCome() throws {
        for round in 1...5 {
            rewrite("{\"epoch\":[1],\"loss\":[\(round)]}")
            try harness.store.rows(.one, "{\"epoch\":2,\"loss\":0.\(round)}")
            #expect(try harness.store.frame(of: .one) == "{\"epoch\":[1,2],\"loss\":[\(round),0.\(round)]}")
        }
    }

    @Test func oneThatTakesThePlaceByRenamingCountsToo() throws {
        harness.directoryStore.bringUpToDate(.one)
        Tree.write(Array(new.utf8), "\(path).new")
        Tree.rename("\(path).new", to: path)
        try harness.store.rows(.one, #"{"epoch":3,"loss":7}"#)
        #expect(try harness.store.frame(of: .one) == #"{"epoch":[1,2,3],"loss":[9,8.5,7]}"#)
    }

    /// It was seen too late: the row came in between.
    @Test func aRowThatCameJustAfterItIsNotLost() throws {
        harness.directoryStore.bringUpToDate(.one)
        rewrite(new)
        let seconds = (FileVersion(file: Files.status(path))?.modified ?? 0) + 0.01
        Tree.write(
            Array(
                "{\"epoch\":2,\"loss\":1,\"_time\":\(seconds - 1)}\n{\"epoch\":5,\"loss\":5,\"_time\":\(seconds)}\n"
                    .utf8),
            harness.path(.metricsRows), mode: "a")
        try harness.store.rows(.one, #"{"epoch":6,"loss":6}"#)
        #expect(try harness.store.frame(of: .one) == #"{"epoch":[1,2,5,6],"loss":[9,8.5,5,6]}"#)
    }

    /// Without a watch, each log's frame is looked at in each batch.
    @Test func itIsSeenWithoutAWatchToo() throws {
        let logs = MetricsLogs(paths: RunPaths(runs: harness.runs), watch: nil)
        logs.beginBatch()
        guard case .log = try logs.look(up: "one") else { throw NoReply() }
        rewrite(new)
        logs.beginBatch()
        guard case .needsSeed = try logs.look(up: "one") else { throw NoReply() }
    }

    @Test(arguments: View.allCases)
    func theEndOfTheRunLeavesItAndTakesItUp(_ view: View) throws {
        try prepare(view)
        let earlier = try #require(harness.onDisk(.metricsRows))
        rewrite(new)
        try harness.store.complete(.one)
        harness.directoryStore.bringUpToDate(.one)
        #expect(harness.onDisk(.metricsFrame) == new)
        #expect(harness.onDisk(.metricsRows) == "{\"epoch\":1,\"loss\":9}\n{\"epoch\":2,\"loss\":8.5}\n")
        #expect(harness.onDisk(.earlierMetricsRows) == earlier)
        try expect("8.5")
        try harness.reopen()
        try expect("8.5")
        #expect(harness.onDisk(.metricsFrame) == new)
    }

    @Test(arguments: View.allCases)
    func closingAndOpeningLeavesIt(_ view: View) throws {
        try prepare(view)
        rewrite(new)
        try harness.reopen()
        #expect(harness.onDisk(.metricsFrame) == new)
        try expect("8.5")
        try harness.crash()
        #expect(harness.onDisk(.metricsFrame) == new)
        try expect("8.5")
    }

    @Test func theKeeperLeavesIt() throws {
        let harness = try DirectoryHarness { $0.viewDelay = 0.01 }
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"epoch":1,"loss":1}"#)
        Tree.write(Array(new.utf8), harness.path(.metricsFrame))
        pause(milliseconds: 200)
        #expect(harness.onDisk(.metricsFrame) == new)
    }

    @Test func aWholeFrameThatIsSentReplacesIt() throws {
        harness.directoryStore.bringUpToDate(.one)
        rewrite(new)
        try harness.store.change(.one, .frame(Array(#"{"loss":[5]}"#.utf8)))
        #expect(try harness.store.frame(of: .one) == #"{"loss":[5]}"#)
        #expect(harness.onDisk(.earlierMetricsRows) == "{\"epoch\":1,\"loss\":9}\n{\"epoch\":2,\"loss\":8.5}\n")
    }

    @Test func aCheckLeavesIt() throws {
        harness.close()
        rewrite(new)
        let findings = try StoreCheck(runs: harness.runs, repairs: true).findings
        #expect(!findings.contains { $0.path.contains("metrics") }, "\(findings)")
        #expect(harness.onDisk(.metricsFrame) == new)
    }

    // MARK: What is none

    /// Frames that rows say, or said, however they came there.
    @Test(arguments: [
        #"{"epoch":[1,2,3],"loss":[0.1,0.2,0.3]}"#, #"{"epoch": [1, 2], "loss": [0.10, 2e-1]}"#,
        #"{"epoch":[1],"loss":[0.1]}"#,
        #"{"loss":[0.1,0.2,0.3,null],"epoch":[1,2,3,null]}"#,
    ])
    func aViewThatLagsOrIsYoungerIsNoNews(_ view: String) throws {
        harness.close()
        rewrite(view)
        try harness.reopen()
        try expect("0.3")
        try harness.store.rows(.one, #"{"epoch":4,"loss":0.4}"#)
        #expect(harness.onDisk(.earlierMetricsRows) == nil)
        try expect("0.4")
    }

    @Test func aViewFromBeforeValuesWereSentAgainIsNone() throws {
        try harness.store.rows(.one, #"{"epoch":2,"loss":0.25}"#)
        try harness.store.rows(.one, #"{"epoch":3,"val_loss":0.7}"#)
        harness.close()
        rewrite(seen)
        try harness.reopen()
        let frame = try JSONValue.parse(try #require(try harness.store.frame(of: .one)))
        #expect(frame["loss"] == [0.1, 0.25, 0.3])
    }

    @Test func aRunDirectoryThatWasCopiedInAnyOrderIsAsItWas() throws {
        harness.directoryStore.bringUpToDate(.one)
        let files = ["metrics.json", "metrics.ndjson"]
        for (run, order) in [(RunID.two, files), (.three, files.reversed())] {
            Tree.makeDirectory("\(harness.runs)/\(run)")
            Tree.makeDirectory("\(harness.runs)/\(run)/tfruns.d")
            for name in order {
                Tree.write(
                    Tree.read(harness.path(try #require(DataPath(name)))), "\(harness.runs)/\(run)/tfruns.d/\(name)")
                pause(milliseconds: 10)
            }
            try expect("0.3", of: run)
            try harness.store.rows(run, #"{"epoch":4,"loss":0.4}"#)
            #expect(harness.onDisk(.earlierMetricsRows, of: run) == nil)
        }
    }

    @Test(arguments: ["", "{\"epoch\":[1,", "[1,2]", "{}", "null", "{\"epoch\": [1]} x"])
    func whatIsNoWholeFrameHidesNoRows(_ text: String) throws {
        harness.directoryStore.bringUpToDate(.one)
        rewrite(text)
        try expect("0.3")
        try harness.store.rows(.one, #"{"epoch":4,"loss":0.4}"#)
        try expect("0.4")
        #expect(harness.onDisk(.earlierMetricsRows) == nil)
    }

    /// It may be being written: the view of the rows does not take its place.
    @Test func aFrameThatIsBeingWrittenIsLeftAlone() throws {
        harness.directoryStore.bringUpToDate(.one)
        rewrite("{\"epoch\":[1,2],\"loss\"")
        try harness.store.rows(.one, #"{"epoch":4,"loss":0.4}"#)
        try expect("0.4")
        #expect(harness.onDisk(.metricsFrame) == "{\"epoch\":[1,2],\"loss\"")
        Tree.write(Array(":[9,8.5]}".utf8), path, mode: "a")
        try expect("8.5")
        // But not for ever: who wrote it may have died.
        rewrite("{\"epoch\":[1,2],\"loss\"")
        utimensat(
            AT_FDCWD, path, [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)],
            0)
        try expect("0.4")
        #expect(harness.onDisk(.metricsFrame)?.contains("0.4") == true)
    }

    @Test func aFrameThatIsOlderThanTheViewIsNoNews() throws {
        harness.directoryStore.bringUpToDate(.one)
        rewrite(new)
        utimensat(
            AT_FDCWD, path, [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)],
            0)
        try expect("0.3")
    }

    @Test func rowsThatSomethingElseWroteAfterAViewCount() throws {
        harness.directoryStore.bringUpToDate(.one)
        Tree.write(Array("{\"epoch\":4,\"loss\":0.4}\n".utf8), harness.path(.metricsRows), mode: "a")
        try expect("0.4")
        Tree.write(Array("{\"epoch\":1,\"loss\":0.6}\n".utf8), harness.path(.metricsRows))
        try expect("0.6")
        Tree.unlink(path)
        try expect("0.6")
        Tree.unlink(harness.path(.metricsRows))
        try expect("0.6")
    }

    /// Rows whose view is in order cost no more than before: nothing is read of it again.
    @Test func aViewHasATimeJustBeforeItsRows() throws {
        harness.directoryStore.bringUpToDate(.one)
        let rows = FileVersion(Files.status(harness.path(.metricsRows)) ?? stat())
        let view = FileVersion(Files.status(path) ?? stat())
        #expect(view.time == rows.time - 1)
    }
}
