internal import Synchronization
internal import Threads

/// Full segments of the journal that wait for their checkpoint, oldest first.
final class SealedSegments: Sendable {
    private let waiting = Mutex<[Journal.Sealed]>([])
    private let bell: Doorbell

    init(bell: Doorbell) { self.bell = bell }

    func append(_ segment: Journal.Sealed) {
        waiting.withLock { $0.append(segment) }
        bell.ring()
    }

    /// Puts back segments whose checkpoint failed, before those added meanwhile.
    func putBack(_ segments: some Collection<Journal.Sealed>) {
        waiting.withLock { $0.insert(contentsOf: segments, at: 0) }
    }

    /// What the frames of the waiting segments touched.
    var touched: [TouchedFiles] { waiting.withLock { $0.map(\.touched) } }

    func takeAll() -> [Journal.Sealed] {
        waiting.withLock { segments in
            defer { segments = [] }
            return segments
        }
    }
}
