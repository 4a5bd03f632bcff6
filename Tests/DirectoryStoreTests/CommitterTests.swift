import Dispatch
import RunMetadata
import RunStore
import RunStoreClaims
import Synchronization
import Testing

@testable import DirectoryStore

@Suite struct CommitterTests {
    /// What nothing may be written beside costs the writes that it came among no further sync, and sees them all.
    @Test func whatIsDoneExclusivelyDividesNoBatch() throws {
        let harness = try DirectoryHarness()
        let store = harness.directoryStore
        try store.initialise(.one)
        let before = store.statistics.batchWrites.buckets.reduce(0, +)
        let (isAsked, isDone) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        // Nobody commits until this test does.
        store.onWaiting { isAsked.signal() }
        func add(_ row: String) throws {
            store.submit(RunWrite(.run(.one), .change([.rows(try .make([row]))]))) { result in
                #expect(throws: Never.self) { try result.get() }
            }
        }
        try add(#"{"a":1}"#)
        let rows = harness.path(.metricsRows)
        DispatchQueue(label: "exclusive").async {
            store.exclusively { _ in
                #expect(String(decoding: Tree.read(rows), as: UTF8.self) == "{\"a\":1}\n{\"a\":2}\n")
            }
            isDone.signal()
        }
        #expect(isAsked.wait(timeout: .now() + 20) == .success)
        try add(#"{"a":2}"#)
        store.commit()
        #expect(isDone.wait(timeout: .now() + 20) == .success)
        #expect(store.statistics.batchWrites.buckets.reduce(0, +) == before + 1)
    }

    /// Fails if each access wraps the registered closure once more, until the stack overflows.
    @Test func everyWakeUpCallsTheCommitterAtTheSameStackDepth() throws {
        let harness = try DirectoryHarness()
        let store = harness.directoryStore
        let depths = Mutex<Set<UInt>>([])
        store.onWaiting { [unowned store] in
            var here = 0
            withUnsafeMutablePointer(to: &here) { here in
                depths.withLock { _ = $0.insert(UInt(bitPattern: here)) }
            }
            store.commit()
        }
        for _ in 0..<50 { store.exclusively { _ in } }
        #expect(depths.withLock { $0.count } == 1)
    }
}
