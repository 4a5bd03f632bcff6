internal import LocalFiles
internal import Synchronization

/// The first failure after which writes are refused until a restart.
final class FirstFailure: Sendable {
    private let first = Mutex<String?>(nil)

    var text: String? { first.withLock { $0 } }

    /// Records a failure; the first one stays.
    func note(_ failure: FileFailure) { first.withLock { $0 = $0 ?? failure.description } }
}
