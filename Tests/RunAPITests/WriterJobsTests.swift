import Synchronization
import TestSupport
import Testing

@testable import RunAPI

/// The order in which slow writers run.
@Suite struct WriterJobsTests {
    /// What happened, in order.
    private final class Events: Sendable {
        private let events = Mutex<[String]>([])
        var all: [String] { events.withLock { $0 } }
        func add(_ event: String) { events.withLock { $0.append(event) } }
    }

    /// What a job has to be told to be done.
    private final class Held: Sendable {
        private let done = Mutex<[String: @Sendable () -> Void]>([:])
        func hold(_ name: String, _ body: @escaping @Sendable () -> Void) { done.withLock { $0[name] = body } }
        func release(_ name: String) { done.withLock { $0.removeValue(forKey: name) }?() }
        var names: [String] { done.withLock { $0.keys.sorted() } }
    }

    @Test func jobsOfOneKeyTakeTurnsAndOthersPassThem() {
        let jobs = WriterJobs(threads: 2, limit: 10)
        let held = Held()
        let events = Events()
        for (key, name) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
            let isTaken = jobs.run(key) { done in
                events.add(name)
                held.hold(name, done)
            }
            #expect(isTaken)
        }
        #expect(eventually { held.names == ["a1", "b1"] })
        #expect(jobs.counts == (2, 2))
        held.release("a1")
        #expect(eventually { held.names == ["a2", "b1"] })
        held.release("b1")
        held.release("a2")
        #expect(eventually { held.names == ["a3"] })
        held.release("a3")
        #expect(events.all.filter { $0.hasPrefix("a") } == ["a1", "a2", "a3"])
    }

    @Test func whatDoesNotFitTheQueueIsRefused() {
        let jobs = WriterJobs(threads: 1, limit: 2)
        let held = Held()
        #expect(jobs.run("a") { held.hold("a", $0) })
        #expect(eventually { held.names == ["a"] })
        #expect(jobs.run("a") { $0() })
        #expect(jobs.run("a") { $0() })
        #expect(!jobs.run("a") { $0() })
        held.release("a")
        #expect(eventually { jobs.counts == (0, 0) })
        #expect(jobs.run("a") { $0() })
    }

    @Test func stoppingDoesWhatWaitsWhichSeesIt() {
        let jobs = WriterJobs(threads: 1, limit: 10)
        let events = Events()
        for number in 0..<3 {
            _ = jobs.run("\(number)") { [unowned jobs] done in
                if number > 0 { events.add("\(number) \(jobs.isStopping)") }
                // The first one runs until the stop.
                if number == 0 { _ = eventually { jobs.isStopping } }
                done()
            }
        }
        jobs.stop()
        #expect(events.all == ["1 true", "2 true"])
        #expect(!jobs.run("late") { $0() })
    }
}
