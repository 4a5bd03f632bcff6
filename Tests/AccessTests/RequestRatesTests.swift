import Synchronization
import Testing

@testable import Access

@Suite struct RequestRatesTests {
    /// A clock that the test turns, in nanoseconds.
    private final class Clock: Sendable {
        let time = Mutex<UInt64>(1_000_000_000)
        func pass(seconds: Double) { time.withLock { $0 += UInt64(seconds * 1e9) } }
    }

    private func rates(_ clock: Clock) -> RequestRates {
        RequestRates(RequestRates.Limits()) { clock.time.withLock { $0 } }
    }

    /// How many of a number of requests are allowed.
    private func allowed(_ rates: RequestRates, _ sender: String, of count: Int, limit: Int) -> Int {
        (0..<count).count { _ in rates.take(sender, limit) }
    }

    @Test func secondsWorthIsAllowedAtOnce() {
        let rates = rates(Clock())
        #expect(allowed(rates, "a", of: 50, limit: 10) == 10)
    }

    @Test func allowanceComesBackEvenlyAndIsNeverMoreThanASeconds() {
        let clock = Clock()
        let rates = rates(clock)
        #expect(allowed(rates, "a", of: 50, limit: 10) == 10)
        clock.pass(seconds: 0.5)
        #expect(allowed(rates, "a", of: 50, limit: 10) == 5)
        clock.pass(seconds: 60)
        #expect(allowed(rates, "a", of: 50, limit: 10) == 10)
    }

    @Test func sendersDoNotShare() {
        let rates = rates(Clock())
        #expect(allowed(rates, "a", of: 50, limit: 10) == 10)
        #expect(allowed(rates, "b", of: 5, limit: 10) == 5)
    }

    @Test func manySendersAreForgottenOnceTheyHaveAllOfItAgain() {
        let clock = Clock()
        let rates = rates(clock)
        for number in 0..<10_000 { _ = rates.take("sender \(number)", 1) }
        #expect(!rates.take("sender 7", 1))
        clock.pass(seconds: 2)
        #expect(rates.take("sender 7", 1))
        #expect(rates.allowances.count <= 2)
    }
}
