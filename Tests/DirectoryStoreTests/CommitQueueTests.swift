import RunMetadata
import RunStore
import Testing

@testable import DirectoryStore

@Suite struct CommitQueueTests {
    private let queue = CommitQueue(limit: 2)

    /// Adds a write to a run of this name.
    private func add(_ name: String) -> StoreError? {
        guard let run = RunID(name) else { return .unknownRun }
        return queue.add(.write(PendingWrite(RunWrite(.run(run), .complete(RunEnd()))) { _ in }))
    }

    private func names(_ entries: [CommitQueue.Entry]) -> [String] {
        entries.map { entry in
            guard case .write(let pending) = entry, case .run(let run) = pending.write.target else {
                return "exclusive"
            }
            return run.description
        }
    }

    @Test func allThatWaitsIsTakenInOrder() {
        #expect(add("a") == nil)
        #expect(queue.add(.exclusive { _ in }) == nil)
        #expect(queue.isWaiting)
        var taken: [String] = []
        queue.drain { taken += names($0) }
        #expect(taken == ["a", "exclusive"])
        #expect(!queue.isWaiting)
        queue.drain { _ in Issue.record("nothing waits") }
    }

    @Test func whatComesDuringACommitIsTakenAfterIt() {
        #expect(add("a") == nil)
        var taken: [[String]] = []
        queue.drain { entries in
            taken.append(names(entries))
            if taken.count == 1 { #expect(add("b") == nil) }
            #expect(!queue.isWaiting)
            queue.drain { _ in Issue.record("one at a time commits") }
        }
        queue.drain { taken.append(names($0)) }
        #expect(taken == [["a"], ["b"]])
    }

    @Test func writesOverTheLimitAreRefused() {
        #expect(add("a") == nil)
        #expect(add("b") == nil)
        #expect(add("c") == .overloaded)
        #expect(queue.add(.exclusive { _ in }) == nil)
        queue.drain { #expect(names($0) == ["a", "b", "exclusive"]) }
        #expect(add("c") == nil)
    }

    @Test func aStoppedQueueTakesNoWritesButTheHousekeeping() {
        #expect(add("a") == nil)
        queue.stop()
        #expect(add("b") == .stopping)
        #expect(queue.add(.exclusive { _ in }) == nil)
        queue.drain { #expect(names($0) == ["a", "exclusive"]) }
    }
}
