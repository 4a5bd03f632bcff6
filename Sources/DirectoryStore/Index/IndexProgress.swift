internal import Synchronization

/// The progress of building an index.
final class IndexProgress: Sendable {
    /// More runs than this take a while.
    private static let longCount = 2000
    private let state = Mutex((done: 0, total: 0))

    var counts: (done: Int, total: Int) { state.withLock { $0 } }

    var isLong: Bool { state.withLock { $0.total - $0.done > Self.longCount } }

    func begin(_ total: Int) { state.withLock { $0 = (0, total) } }

    /// - Returns: how many runs are done
    @discardableResult
    func add(_ count: Int) -> Int {
        state.withLock { state in
            state.done += count
            return state.done
        }
    }
}
