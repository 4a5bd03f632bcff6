internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization

/// The active run of each session. Changed only by the committer, read by all.
final class Sessions: Sendable {
    private struct State {
        private(set) var active: [SessionName: RunID] = [:]
        private(set) var ofRun: [RunID: Set<SessionName>] = [:]

        mutating func set(_ session: SessionName, to run: RunID?) {
            if let old = active[session] {
                ofRun[old]?.remove(session)
                if ofRun[old]?.isEmpty == true { ofRun[old] = nil }
            }
            active[session] = run
            if let run { ofRun[run, default: []].insert(session) }
        }
    }

    private let state: Mutex<State>
    /// The most sessions in which a run may be active: each has a file while the run is active. Processes of one job
    /// may each have their own session.
    static let mostOfRun = 1000

    /// Reads the sessions' files.
    init(paths: RunPaths) throws(FileFailure) {
        var found = State()
        for name in try Files.names(in: paths.sessions) {
            guard let session = SessionName(name), let bytes = try Files.read("\(paths.sessions)/\(name)"),
                let run = Self.run(in: bytes)
            else { continue }
            found.set(session, to: run)
        }
        state = Mutex(found)
    }

    /// The content of a session's file: a run's id and a newline. It is written in place, so text after the newline may
    /// be left over from a longer id.
    static func text(_ folder: String) -> [UInt8] { Array("\(folder)\n".utf8) }

    /// The run that a session's file names.
    static func run(in text: [UInt8]) -> RunID? {
        RunID(String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    subscript(session: SessionName) -> RunID? { state.withLock { $0.active[session] } }

    /// The sessions in which a run is active.
    func sessions(of run: RunID) -> [SessionName] { state.withLock { Array($0.ofRun[run] ?? []) } }

    func set(_ session: SessionName, to run: RunID?) { state.withLock { $0.set(session, to: run) } }

    /// Refuses to make a run active in more sessions than allowed.
    /// - Throws: `refused`
    func expectRoom(for run: RunID) throws(StoreError) {
        if state.withLock({ $0.ofRun[run]?.count ?? 0 }) < Self.mostOfRun { return }
        throw .refused(
            .shape(
                nil,
                "the run is active in \(Self.mostOfRun) sessions, which is the limit; use one of them (Run-Session), or complete "
                    + "the run"))
    }
}
