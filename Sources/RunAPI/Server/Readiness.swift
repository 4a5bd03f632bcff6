package import RunStore
internal import Synchronization

/// What others than the store have to say about whether the server is ready.
package final class Readiness: Sendable {
    private let checks = Mutex<[@Sendable () -> StoreHindrance?]>([])

    /// Adds something to ask each time: a reason not to be ready, or nil. Called on a worker.
    package func add(_ check: @escaping @Sendable () -> StoreHindrance?) { checks.withLock { $0.append(check) } }

    var hindrances: [StoreHindrance] { checks.withLock { $0 }.compactMap { $0() } }
}
