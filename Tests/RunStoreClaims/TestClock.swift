internal import RunStore
internal import Synchronization

/// A clock that stands until a test sets it.
package final class TestClock: Sendable {
    private let time: Mutex<Double>

    package init(_ seconds: Double = 1_795_499_177.25) { time = Mutex(seconds) }

    /// Seconds since 1970.
    package var seconds: Double {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}
