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
    private let fixture: RewrittenFrame
    private var harness: DirectoryHarness { fixture.harness }
    private var path: String { harness.path(.metricsFrame) }

    init() throws { fixture = try RewrittenFrame() }

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
        fixture.rewrite(fixture.new)
        try fixture.expect("8.5")
        #expect(harness.onDisk(.metricsFrame) == fixture.new)
        #expect(harness.onDisk(.earlierMetricsRows) == nil)
    }

    @Test(arguments: View.allCases)
    func theNextRowGoesOnFromItAndTheEarlierRowsAreKept(_ view: View) throws {
        try prepare(view)
        let earlier = try #require(harness.onDisk(.metricsRows))
        fixture.rewrite(fixture.new)
        try harness.store.rows(.one, #"{"epoch":3,"loss":7}"#)
        #expect(try harness.store.frame(of: .one) == #"{"epoch":[1,2,3],"loss":[9,8.5,7]}"#)
        try fixture.expect("7")
        #expect(harness.onDisk(.earlierMetricsRows) == earlier)
        // And once only.
        try harness.store.rows(.one, #"{"epoch":4,"loss":6}"#)
        #expect(harness.onDisk(.earlierMetricsRows) == earlier)
        try fixture.expect("6")
    }

    /// The log is open, and no view was written since: the row comes at once.
    @Test func eachRewritingCountsHoweverOftenRowsCome() throws {
        for round in 1...5 {
            fixture.rewrite("{\"epoch\":[1],\"loss\":[\(round)]}")
            try harness.store.rows(.one, "{\"epoch\":2,\"loss\":0.\(round)}")
            #expect(try harness.store.frame(of: .one) == "{\"epoch\":[1,2],\"loss\":[\(round),0.\(round)]}")
        }
    }

    @Test func oneThatTakesThePlaceByRenamingCountsToo() throws {
        harness.directoryStore.bringUpToDate(.one)
        Tree.write(Array(fixture.new.utf8), "\(path).new")
        Tree.rename("\(path).new", to: path)
        try harness.store.rows(.one, #"{"epoch":3,"loss":7}"#)
        #expect(try harness.store.frame(of: .one) == #"{"epoch":[1,2,3],"loss":[9,8.5,7]}"#)
    }

    /// It was seen too late: the row came in between.
    @Test func aRowThatCameJustAfterItIsNotLost() throws {
        harness.directoryStore.bringUpToDate(.one)
        fixture.rewrite(fixture.new)
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
        fixture.rewrite(fixture.new)
        logs.beginBatch()
        guard case .needsSeed = try logs.look(up: "one") else { throw NoReply() }
    }

    @Test(arguments: View.allCases)
    func theEndOfTheRunLeavesItAndTakesItUp(_ view: View) throws {
        try prepare(view)
        let earlier = try #require(harness.onDisk(.metricsRows))
        fixture.rewrite(fixture.new)
        try harness.store.complete(.one)
        harness.directoryStore.bringUpToDate(.one)
        #expect(harness.onDisk(.metricsFrame) == fixture.new)
        #expect(harness.onDisk(.metricsRows) == "{\"epoch\":1,\"loss\":9}\n{\"epoch\":2,\"loss\":8.5}\n")
        #expect(harness.onDisk(.earlierMetricsRows) == earlier)
        try fixture.expect("8.5")
        try harness.reopen()
        try fixture.expect("8.5")
        #expect(harness.onDisk(.metricsFrame) == fixture.new)
    }

    @Test(arguments: View.allCases)
    func closingAndOpeningLeavesIt(_ view: View) throws {
        try prepare(view)
        fixture.rewrite(fixture.new)
        try harness.reopen()
        #expect(harness.onDisk(.metricsFrame) == fixture.new)
        try fixture.expect("8.5")
        try harness.crash()
        #expect(harness.onDisk(.metricsFrame) == fixture.new)
        try fixture.expect("8.5")
    }

    @Test func theKeeperLeavesIt() throws {
        let harness = try DirectoryHarness { $0.viewDelay = 0.01 }
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"epoch":1,"loss":1}"#)
        Tree.write(Array(fixture.new.utf8), harness.path(.metricsFrame))
        pause(milliseconds: 200)
        #expect(harness.onDisk(.metricsFrame) == fixture.new)
    }

    @Test func aWholeFrameThatIsSentReplacesIt() throws {
        harness.directoryStore.bringUpToDate(.one)
        fixture.rewrite(fixture.new)
        try harness.store.change(.one, .frame(Array(#"{"loss":[5]}"#.utf8)))
        #expect(try harness.store.frame(of: .one) == #"{"loss":[5]}"#)
        #expect(harness.onDisk(.earlierMetricsRows) == "{\"epoch\":1,\"loss\":9}\n{\"epoch\":2,\"loss\":8.5}\n")
    }

    @Test func aCheckLeavesIt() throws {
        harness.close()
        fixture.rewrite(fixture.new)
        let findings = try StoreCheck(runs: harness.runs, repairs: true).findings
        #expect(!findings.contains { $0.path.contains("metrics") }, "\(findings)")
        #expect(harness.onDisk(.metricsFrame) == fixture.new)
    }
}
