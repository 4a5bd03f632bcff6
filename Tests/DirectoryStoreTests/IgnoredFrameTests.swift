import Glibc
import JSON
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// `metrics.json` that something else has written beside the rows of a run, and that is no newer truth than they are.
@Suite struct IgnoredFrameTests {
    private let fixture: RewrittenFrame
    private var harness: DirectoryHarness { fixture.harness }
    private var path: String { harness.path(.metricsFrame) }

    init() throws { fixture = try RewrittenFrame() }

    private let seen = #"{"epoch":[1,2,3],"loss":[0.1,0.2,0.3]}"#

    /// Frames that rows say, or said, however they came there.
    @Test(arguments: [
        #"{"epoch":[1,2,3],"loss":[0.1,0.2,0.3]}"#, #"{"epoch": [1, 2], "loss": [0.10, 2e-1]}"#,
        #"{"epoch":[1],"loss":[0.1]}"#,
        #"{"loss":[0.1,0.2,0.3,null],"epoch":[1,2,3,null]}"#,
    ])
    func aViewThatLagsOrIsYoungerIsNoNews(_ view: String) throws {
        harness.close()
        fixture.rewrite(view)
        try harness.reopen()
        try fixture.expect("0.3")
        try harness.store.rows(.one, #"{"epoch":4,"loss":0.4}"#)
        #expect(harness.onDisk(.earlierMetricsRows) == nil)
        try fixture.expect("0.4")
    }

    @Test func aViewFromBeforeValuesWereSentAgainIsNone() throws {
        try harness.store.rows(.one, #"{"epoch":2,"loss":0.25}"#)
        try harness.store.rows(.one, #"{"epoch":3,"val_loss":0.7}"#)
        harness.close()
        fixture.rewrite(seen)
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
            try fixture.expect("0.3", of: run)
            try harness.store.rows(run, #"{"epoch":4,"loss":0.4}"#)
            #expect(harness.onDisk(.earlierMetricsRows, of: run) == nil)
        }
    }

    @Test(arguments: ["", "{\"epoch\":[1,", "[1,2]", "{}", "null", "{\"epoch\": [1]} x"])
    func whatIsNoWholeFrameHidesNoRows(_ text: String) throws {
        harness.directoryStore.bringUpToDate(.one)
        fixture.rewrite(text)
        try fixture.expect("0.3")
        try harness.store.rows(.one, #"{"epoch":4,"loss":0.4}"#)
        try fixture.expect("0.4")
        #expect(harness.onDisk(.earlierMetricsRows) == nil)
    }

    /// It may be being written: the view of the rows does not take its place.
    @Test func aFrameThatIsBeingWrittenIsLeftAlone() throws {
        harness.directoryStore.bringUpToDate(.one)
        fixture.rewrite("{\"epoch\":[1,2],\"loss\"")
        try harness.store.rows(.one, #"{"epoch":4,"loss":0.4}"#)
        try fixture.expect("0.4")
        #expect(harness.onDisk(.metricsFrame) == "{\"epoch\":[1,2],\"loss\"")
        Tree.write(Array(":[9,8.5]}".utf8), path, mode: "a")
        try fixture.expect("8.5")
        // But not for ever: who wrote it may have died.
        fixture.rewrite("{\"epoch\":[1,2],\"loss\"")
        utimensat(
            AT_FDCWD, path, [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)],
            0)
        try fixture.expect("0.4")
        #expect(harness.onDisk(.metricsFrame)?.contains("0.4") == true)
    }

    @Test func aFrameThatIsOlderThanTheViewIsNoNews() throws {
        harness.directoryStore.bringUpToDate(.one)
        fixture.rewrite(fixture.new)
        utimensat(
            AT_FDCWD, path, [timespec(tv_sec: 1_000_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000_000, tv_nsec: 0)],
            0)
        try fixture.expect("0.3")
    }

    @Test func rowsThatSomethingElseWroteAfterAViewCount() throws {
        harness.directoryStore.bringUpToDate(.one)
        Tree.write(Array("{\"epoch\":4,\"loss\":0.4}\n".utf8), harness.path(.metricsRows), mode: "a")
        try fixture.expect("0.4")
        Tree.write(Array("{\"epoch\":1,\"loss\":0.6}\n".utf8), harness.path(.metricsRows))
        try fixture.expect("0.6")
        Tree.unlink(path)
        try fixture.expect("0.6")
        Tree.unlink(harness.path(.metricsRows))
        try fixture.expect("0.6")
    }

    /// Rows whose view is in order cost no more than before: nothing is read of it again.
    @Test func aViewHasATimeJustBeforeItsRows() throws {
        harness.directoryStore.bringUpToDate(.one)
        let rows = FileVersion(Files.status(harness.path(.metricsRows)) ?? stat())
        let view = FileVersion(Files.status(path) ?? stat())
        #expect(view.time == rows.time - 1)
    }
}
