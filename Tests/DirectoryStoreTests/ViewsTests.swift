import Dispatch
import Glibc
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// `metrics.json`, a view of the rows.
@Suite struct ViewsTests {
    private func compact(_ text: String?) -> String? {
        text.map { $0.filter { $0 != " " && $0 != "\n" } }
    }

    @Test func theViewIsRefreshedByItself() throws {
        let harness = try DirectoryHarness { $0.viewDelay = 0.01 }
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        #expect(eventually { compact(harness.onDisk(.metricsFrame)) == #"{"a":[1]}"# })
        try harness.store.rows(.one, #"{"a":2}"#)
        #expect(eventually { compact(harness.onDisk(.metricsFrame)) == #"{"a":[1,2]}"# })
    }

    @Test func theViewIsUpToDateAfterClosing() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        #expect(harness.onDisk(.metricsFrame) == nil)
        harness.close()
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1]}"#)
    }

    /// Fails where a view that something else is about to refresh counts as up to date.
    @Test func aViewThatTheKeeperHasTakenIsSettled() throws {
        let harness = try DirectoryHarness()
        let views = harness.directoryStore.views
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        views.beginMaking("one")
        defer { views.endMaking("one") }
        #expect(views.take("one"))
        harness.store.settle(.one)
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1]}"#)
    }

    @Test func aRunCanBeBroughtUpToDate() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        harness.directoryStore.bringUpToDate(.one)
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1]}"#)
    }

    @Test func theViewIsUpToDateAfterACrashAndClosing() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        try harness.crash { Tree.unlink(harness.path(.metricsFrame)) }
        harness.close()
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1]}"#)
    }

    /// The records that say which views lag go with their segment, so the next one has to say so again.
    @Test func aViewThatLagsIsKnownAfterItsSegmentWasDropped() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        harness.directoryStore.exclusively { $0.sealSegment() }
        #expect(eventually { Tree.names("\(harness.runs)/.rundir/journal").count == 1 })
        try harness.crash { Tree.unlink(harness.path(.metricsFrame)) }
        harness.close()
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1]}"#)
    }

    @Test func theViewOfRowsAfterAFrameIsUpToDateAfterACrashAndClosing() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.change(.one, .frame(Array(#"{"a":[1]}"#.utf8)))
        try harness.store.rows(.one, #"{"a":2}"#)
        try harness.crash { Tree.write(Array(#"{"a":[1]}"#.utf8), harness.path(.metricsFrame)) }
        harness.close()
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1,2]}"#)
    }

    @Test func theViewOfJoinedRowsIsUpToDateAfterClosing() throws {
        let harness = try DirectoryHarness { $0.viewDelay = 0.01 }
        try harness.store.rows(.one, #"{"a":1}"#)
        try harness.store.write(.active(.default), .change([.rows(try .make([#"{"a":2}"#]))]))
        let pending = "runs/.rundir/pending"
        let areRefreshed = eventually {
            harness.folder.exists("\(pending)/one/tfruns.d/metrics.json")
                && harness.folder.exists("\(pending)/@default/tfruns.d/metrics.json")
        }
        #expect(areRefreshed)
        try harness.store.initialise(.one)
        harness.close()
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1,2]}"#)
    }

    @Test func theViewOfAFrameIsTheFrame() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        try harness.store.change(.one, .frame(Array(#"{"b":[2]}"#.utf8)))
        harness.close()
        #expect(harness.onDisk(.metricsFrame) == #"{"b":[2]}"#)
    }

    /// Reads go on: on a full disk the frame is made in memory.
    @Test func aFrameIsReadWhereNoViewCanBeWritten() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        let staging = "\(harness.runs)/.rundir/staging"
        Tree.remove(staging)
        #expect(try harness.store.frame(of: .one) == #"{"a":[1]}"#)
        Tree.makeDirectory(staging)
        #expect(try harness.store.frame(of: .one) == #"{"a":[1]}"#)
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1]}"#)
    }

    /// A view that was made of the rows as they were, and comes late.
    private struct LateView {
        let file: StagingFile
        let rows: FileVersion
        let before: FileVersion?

        init(_ harness: DirectoryHarness) throws {
            rows = FileVersion(Files.status(harness.path(.metricsRows)) ?? stat())
            before = FileVersion(file: Files.status(harness.path(.metricsFrame)))
            file = try harness.scratch.makeFile()
        }

        func publish(_ harness: DirectoryHarness) throws {
            // It looks younger than rows that came meanwhile.
            pause(milliseconds: 20)
            try Array(#"{"a":["late"]}"#.utf8).withUnsafeBytes { try file.write($0) }
            harness.directoryStore.exclusively {
                _ = try? $0.publishView("one", file, of: rows, over: before)
            }
        }
    }

    @Test func aViewThatWasBegunEarlierDoesNotReplaceAFullerOne() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        harness.directoryStore.views.beginMaking("one")
        let late = try LateView(harness)
        try harness.store.rows(.one, #"{"a":2}"#)
        #expect(try harness.store.frame(of: .one) == #"{"a":[1,2]}"#)
        try late.publish(harness)
        harness.directoryStore.views.endMaking("one")
        #expect(compact(harness.onDisk(.metricsFrame)) == #"{"a":[1,2]}"#)
    }

    /// Also where no log of the run is open that would know: after rows that were refused.
    @Test func aViewThatLacksRowsIsKnownToLag() throws {
        let harness = try DirectoryHarness()
        try harness.store.initialise(.one)
        try harness.store.rows(.one, #"{"a":1}"#)
        let late = try LateView(harness)
        try harness.store.rows(.one, #"{"a":2}"#)
        _ = harness.directoryStore.views.take("one")
        harness.directoryStore.exclusively { $0.logs.forget("one") }
        try late.publish(harness)
        #expect(harness.onDisk(.metricsFrame) == #"{"a":["late"]}"#)
        #expect(try harness.store.frame(of: .one) == #"{"a":[1,2]}"#)
    }

    /// Until a committer is named, whoever asks commits: nobody is left waiting because another was at it.
    @Test func whatIsAskedForWhileAnotherCommitsIsDoneToo() throws {
        let harness = try DirectoryHarness()
        let store = harness.directoryStore
        let (isInside, mayGoOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let (isAsking, isFirstDone) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let isSecondDone = DispatchSemaphore(value: 0)
        DispatchQueue(label: "first").async {
            store.exclusively { _ in
                isInside.signal()
                mayGoOn.wait()
            }
            isFirstDone.signal()
        }
        isInside.wait()
        DispatchQueue(label: "second").async {
            isAsking.signal()
            store.exclusively { _ in }
            isSecondDone.signal()
        }
        isAsking.wait()
        // For the second to find the first at it. Were it too short, the test would pass where it should fail.
        pause(milliseconds: 200)
        mayGoOn.signal()
        #expect(isFirstDone.wait(timeout: .now() + 20) == .success)
        #expect(isSecondDone.wait(timeout: .now() + 5) == .success)
        // Frees the second one where it is stuck.
        store.commit()
    }
}
