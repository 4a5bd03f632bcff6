internal import Synchronization

/// Full segments of the journal that wait for their checkpoint, oldest first.
final class SealedSegments: Sendable {
    private let waiting = Mutex<[Journal.Sealed]>([])
    private let bell: Doorbell

    init(bell: Doorbell) { self.bell = bell }

    func append(_ segment: Journal.Sealed) {
        waiting.withLock { $0.append(segment) }
        bell.ring()
    }

    func takeAll() -> [Journal.Sealed] {
        waiting.withLock { segments in
            defer { segments = [] }
            return segments
        }
    }
}
