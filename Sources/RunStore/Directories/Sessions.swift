internal import RunMetadata
internal import Synchronization

/// Which run is active in which session. Changed by the one that commits, read by all.
final class Sessions: Sendable {
    private let active: Mutex<[SessionName: RunID]>

    /// Reads what a server left.
    init(paths: RunPaths) throws(FileFailure) {
        var found: [SessionName: RunID] = [:]
        for name in try Files.names(in: paths.sessions) {
            guard let session = SessionName(name), let bytes = try Files.read("\(paths.sessions)/\(name)"),
                let run = RunID(String(decoding: bytes, as: UTF8.self))
            else { continue }
            found[session] = run
        }
        active = Mutex(found)
    }

    subscript(session: SessionName) -> RunID? { active.withLock { $0[session] } }

    /// The sessions in which a run is active.
    func sessions(of run: RunID) -> [SessionName] {
        active.withLock { $0.compactMap { $0.value == run ? $0.key : nil } }
    }

    func set(_ session: SessionName, to run: RunID?) { active.withLock { $0[session] = run } }
}
