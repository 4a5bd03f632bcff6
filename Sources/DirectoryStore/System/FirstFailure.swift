internal import LocalFiles
internal import Synchronization

/// Why writes are refused until a restart, once they are.
final class FirstFailure: Sendable {
    private let first = Mutex<String?>(nil)

    var text: String? { first.withLock { $0 } }

    /// Notes a failure; the first one stays.
    func note(_ failure: FileFailure) { first.withLock { $0 = $0 ?? failure.description } }
}
