/// Wakes a waiting thread; if it was rung before, the next wait returns at once.
package final class Doorbell: Sendable {
    private let isRung = Monitor(false)

    package init() {}

    package func ring() { isRung.changeForOne { $0 = true } }

    /// Waits until rung.
    package func wait() { isRung.wait(Self.answered) }

    /// Waits until rung, at most `seconds`.
    package func wait(seconds: Double) { _ = isRung.wait(seconds: seconds, Self.answered) }

    private static func answered(_ isRung: inout Bool) -> Void? {
        defer { isRung = false }
        return isRung ? () : nil
    }
}
