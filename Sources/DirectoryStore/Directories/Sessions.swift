internal import LocalFiles
internal import RunMetadata
internal import Synchronization

/// The active run of each session. Changed only by the committer, read by all.
final class Sessions: Sendable {
    private let active: Mutex<[SessionName: RunID]>

    /// Reads the sessions' files.
    init(paths: RunPaths) throws(FileFailure) {
        var found: [SessionName: RunID] = [:]
        for name in try Files.names(in: paths.sessions) {
            guard let session = SessionName(name), let bytes = try Files.read("\(paths.sessions)/\(name)"),
                let run = Self.run(in: bytes)
            else { continue }
            found[session] = run
        }
        active = Mutex(found)
    }

    /// The content of a session's file: a run's id and a newline. It is written in place, so text after the newline may
    /// be left over from a longer id.
    static func text(_ folder: String) -> [UInt8] { Array("\(folder)\n".utf8) }

    /// The run that a session's file names.
    static func run(in text: [UInt8]) -> RunID? {
        RunID(String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    subscript(session: SessionName) -> RunID? { active.withLock { $0[session] } }

    /// The sessions in which a run is active.
    func sessions(of run: RunID) -> [SessionName] {
        active.withLock { $0.compactMap { $0.value == run ? $0.key : nil } }
    }

    func set(_ session: SessionName, to run: RunID?) { active.withLock { $0[session] = run } }
}
