import HTTPServer
import Synchronization
import TestSupport
import Testing

@Suite struct WorkerPoolTests {
    @Test func oneThreadRunsJobsInTheirOrder() {
        let pool = WorkerPool(threads: 1)
        let order = Mutex<[Int]>([])
        for number in 0..<1000 { pool.run { order.withLock { $0.append(number) } } }
        pool.stop()
        #expect(order.withLock { $0 } == Array(0..<1000))
    }

    @Test func threadsWorkAtTheSameTime() {
        let pool = WorkerPool(threads: 3)
        let meeting = Mutex(0)
        let met = Signal()
        for _ in 0..<3 {
            pool.run {
                meeting.withLock { $0 += 1 }
                if eventually({ meeting.withLock { $0 == 3 } }) { met.send() }
            }
        }
        for _ in 0..<3 { #expect(met.wait()) }
        pool.stop()
    }

    @Test func stoppingFinishesTheJobsThatWait() {
        let pool = WorkerPool(threads: 2)
        let started = Signal()
        let goOn = Signal()
        let done = Atomic<Int>(0)
        for _ in 0..<2 {
            pool.run {
                started.send()
                _ = goOn.wait()
            }
        }
        #expect(started.wait() && started.wait())
        for _ in 0..<100 { pool.run { done.wrappingAdd(1, ordering: .relaxed) } }
        goOn.send()
        goOn.send()
        pool.stop()
        #expect(done.load(ordering: .relaxed) == 100)
    }

    @Test func stoppingDoesNotWaitLongerThanItIsToldForAJobThatDoesNotEnd() {
        let pool = WorkerPool(threads: 2)
        let begun = Signal()
        let goOn = Signal()
        let ended = Signal()
        pool.run {
            begun.send()
            _ = goOn.wait()
            ended.send()
        }
        #expect(begun.wait())
        #expect(!pool.stop(within: 0.05))
        goOn.send()
        #expect(ended.wait())
    }

    @Test func jobsMayBeGivenFromMany() {
        let pool = WorkerPool(threads: 4)
        let done = Atomic<Int>(0)
        let all = Signal()
        for _ in 0..<10 {
            pool.run {
                for _ in 0..<100 {
                    pool.run { if done.wrappingAdd(1, ordering: .relaxed).newValue == 1000 { all.send() } }
                }
            }
        }
        #expect(all.wait())
        pool.stop()
        pool.stop()
    }
}
