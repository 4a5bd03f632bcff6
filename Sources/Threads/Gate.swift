/// Lets threads pass while it is open; it can be closed again.
package final class Gate: Sendable {
    private let isLifted = Monitor(false)

    package init() {}

    package var isOpen: Bool { isLifted.withLock { $0 } }

    package func open() { isLifted.changeForAll { $0 = true } }

    package func close() { isLifted.withLock { $0 = false } }

    /// Waits until it is open, at most `seconds`.
    /// - Returns: whether it is open
    package func wait(seconds: Double) -> Bool { isLifted.wait(seconds: seconds) { $0 ? true : nil } ?? false }
}
