internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Paths below the runs directory.
struct RunPaths: Sendable {
    /// The runs directory.
    let runs: String

    var own: String { "\(runs)/\(RunLayout.own)" }
    var archive: String { "\(runs)/\(RunLayout.archive)" }
    var journal: String { "\(own)/\(RunLayout.Own.journal)" }
    var pending: String { "\(own)/\(RunLayout.Own.pending)" }
    var sessions: String { "\(own)/\(RunLayout.Own.sessions)" }
    var senders: String { "\(own)/\(RunLayout.Own.senders)" }
    var staging: String { "\(own)/\(RunLayout.Own.staging)" }
    var uploads: String { "\(own)/\(RunLayout.Own.uploads)" }
    var imports: String { "\(own)/\(RunLayout.Own.imports)" }
    var exports: String { "\(own)/\(RunLayout.Own.exports)" }
    var index: String { "\(own)/\(RunLayout.Own.index)" }
    var applied: String { "\(own)/\(RunLayout.Own.applied)" }
    var documents: String { "\(own)/\(RunLayout.Own.documents)" }
    func document(_ name: DocumentName) -> String { "\(documents)/\(name).json" }
    var lock: String { "\(own)/\(RunLayout.Own.lock)" }

    init(runs: String) { self.runs = runs }

    /// The same as an absolute path (getcwd(3)), for programs with other working directories.
    init(absolute runs: String) {
        guard !runs.hasPrefix("/"), let here = getcwd(nil, 0) else {
            self.init(runs: runs)
            return
        }
        defer { free(here) }
        let path = runs.hasPrefix("./") ? runs.dropFirst(2) : runs[...]
        self.init(runs: "\(String(cString: here))/\(path)")
    }

    /// The directory that holds the runs of a place.
    func container(_ place: RunPlace) -> String {
        switch place {
        case .initialised: runs
        case .archived: archive
        case .pending: pending
        }
    }

    /// A run directory. `folder` is a run id, or a session's name after `RunLayout.sessionMark`.
    func run(_ folder: String, _ place: RunPlace) -> String { "\(container(place))/\(folder)" }

    /// A run's data directory.
    func data(_ folder: String, _ place: RunPlace) -> String { "\(run(folder, place))/\(RunLayout.dataDirectory)" }

    /// The place of a run; nil if there is none.
    func locate(_ folder: String) -> RunPlace? {
        for place in [RunPlace.initialised, .archived, .pending] where isRun(folder, at: place) { return place }
        return nil
    }

    /// Whether there is a run at a place. A link instead of a run's directory does not count; whether a link instead of
    /// its data directory leads out is checked when it is opened.
    func isRun(_ folder: String, at place: RunPlace) -> Bool {
        let data = clinux_kind_at(data(folder, place), 0)
        // A directory that the server may not read may be a run, so its name is taken.
        let isShut = data == CLINUX_NOTHING && errno == EACCES
        guard data == CLINUX_DIRECTORY || data == CLINUX_LINK || isShut else { return false }
        return clinux_kind_at(run(folder, place), 0) == CLINUX_DIRECTORY
    }

    /// Opens a run's directory.
    func open(_ folder: String, _ place: RunPlace) throws(FileFailure) -> RunDirectory {
        try RunDirectory(run(folder, place))
    }

    /// Whether there is a link instead of a run's directory.
    func isLink(_ folder: String) -> Bool {
        [RunPlace.initialised, .archived, .pending].contains { clinux_kind_at(run(folder, $0), 0) == CLINUX_LINK }
    }
}
