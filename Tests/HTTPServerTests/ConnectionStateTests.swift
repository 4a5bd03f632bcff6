import Synchronization
import TestSupport
import Testing

@testable import HTTPServer

/// Where a request stands between the threads that work on it.
@Suite struct ConnectionStateTests {
    /// Threads that begin at the same moment, round after round.
    private final class Race: Sendable {
        private let threads: Int
        private let arrived = Atomic(0)

        init(threads: Int) { self.threads = threads }

        func begin(_ round: Int) {
            arrived.add(1, ordering: .acquiringAndReleasing)
            while arrived.load(ordering: .acquiring) < threads * (round + 1) {}
        }
    }

    private final class Request: Sendable {
        let state = ConnectionState()
        let claims = Atomic(0)
    }

    /// Fails when two threads that answer at the same time both do.
    @Test func oneOfManyThreadsAnswers() {
        let (threads, rounds) = (2, 20_000)
        let requests = (0..<rounds).map { _ in Request() }
        let race = Race(threads: threads)
        let pool = WorkerPool(threads: threads)
        for _ in 0..<threads {
            pool.run {
                for (round, request) in requests.enumerated() {
                    race.begin(round)
                    if request.state.claim() { request.claims.add(1, ordering: .relaxed) }
                }
            }
        }
        pool.stop()
        #expect(requests.allSatisfy { $0.claims.load(ordering: .relaxed) == 1 })
    }

    @Test func whatIsHeldOrReleasedTwiceIsSoOnce() {
        let state = ConnectionState()
        state.hold(.room)
        state.hold(.room)
        // It is not suspended yet, so there is nothing to resume.
        let resumes = [state.release(.room), state.release(.room)]
        #expect(resumes == [false, false])
        let claims = [state.claim(), state.claim()]
        #expect(claims == [true, false])
        let answer = state.answer()
        #expect(answer == (false, false))
        // Nobody waits for a reply that is there.
        state.hold(.reply)
        let wasAnswered = state.end()
        #expect(wasAnswered)
    }
}
