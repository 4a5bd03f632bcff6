internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// Reports changes of run directories by other programs, such as R, while somebody reads events: every second it reads
/// the followed directories, and compares them with the previous state.
///
/// The server's own writes are noted when they are made, so that they are reported only once.
final class ForeignChanges: @unchecked Sendable {
    // Sendable: `thread` is set once, before the object is shared; the rest is constant or guards itself.

    /// The last seen state of a run.
    struct Seen: Sendable {
        var place: RunPlace
        var files: SeenFiles
        /// Whether the server has appended rows since.
        var hasOwnRows = false
    }

    struct State: Sendable {
        /// The runs that are followed; nil: all.
        var followed: Set<String>? = []
        /// Whether all existing runs have been seen.
        var isComplete = false
        var runs: [String: Seen] = [:]
        /// How many threads are seeing runs for the first time, and the runs that the server has written since.
        var seeing = 0
        var written: Set<String> = []
    }

    /// The least seconds between two passes, and the share of a processor that they may take.
    private static let interval = 1.0
    private static let share = 0.05
    /// Up to this many runs are read before following begins, so that no event is missed.
    private static let few = 2000

    let paths: RunPaths
    private let metricsFiles: MetricsFiles
    private let feed: LocalChangeFeed
    /// Runs a closure while nothing is written.
    private let exclusively: @Sendable (@escaping @Sendable () -> Void) -> Void
    let state = Mutex(State())
    let isActive = Flag()
    private let stopping = Flag()
    private let bell = Doorbell()
    private var thread: Thread?

    init(
        _ paths: RunPaths, _ metricsFiles: MetricsFiles, _ feed: LocalChangeFeed,
        exclusively: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        (self.paths, self.metricsFiles, self.feed, self.exclusively) = (paths, metricsFiles, feed, exclusively)
        thread = Thread(named: "foreign", .low) { self.work() }
    }

    /// Ends the thread.
    func stop() {
        stopping.set()
        bell.ring()
        thread?.join()
        thread = nil
    }

    // MARK: Following

    /// Follows a run, or all runs if nil, from now on.
    func follow(_ run: RunID?) {
        isActive.set()
        if let run {
            let isNew = state.withLock { $0.followed != nil && $0.followed?.contains(run.description) == false }
            guard isNew else { return }
            see([run.description]) { $0.followed?.insert(run.description) }
        } else {
            let isNew = state.withLock { state in
                defer { state.followed = nil }
                return state.followed != nil
            }
            guard isNew else { return }
            let names = self.names()
            if names.count <= Self.few { seeAll(names) }
        }
        bell.ring()
    }

    /// Nobody reads events any longer.
    func forgetAll() {
        isActive.clear()
        state.withLock { $0 = State() }
    }

    private func seeAll(_ names: [(name: String, place: RunPlace)]) {
        see(names.map(\.name)) { $0.isComplete = true }
    }

    /// Sees runs for the first time. What the server writes meanwhile is not taken for a change by another program:
    /// those runs are looked at again while nothing is written.
    private func see(_ names: [String], finish: @escaping @Sendable (inout State) -> Void) {
        state.withLock { $0.seeing += 1 }
        var found: [String: Seen] = [:]
        for name in names where state.withLock({ $0.runs[name] == nil }) { found[name] = look(at: name) }
        exclusively { [self, found] in
            state.withLock { state in
                for (name, seen) in found where state.runs[name] == nil {
                    state.runs[name] = state.written.contains(name) ? look(at: name) : seen
                }
                state.seeing = max(0, state.seeing - 1)
                if state.seeing == 0 { state.written = [] }
                finish(&state)
            }
        }
    }

    // MARK: Reading the directories

    private func work() {
        var pause = Self.interval
        while !stopping.isSet {
            if isActive.isSet { bell.wait(seconds: pause) } else { bell.wait() }
            if stopping.isSet || !isActive.isSet { continue }
            let before = threadNanoseconds()
            lookAtAll()
            pause = max(Self.interval, Double(threadNanoseconds() - before) / 1e9 / Self.share)
        }
    }

    /// The followed runs that are initialised or archived.
    private func names() -> [(name: String, place: RunPlace)] {
        let followed = state.withLock { $0.followed }
        if let followed {
            return followed.compactMap { name in
                paths.locate(name).flatMap { $0 == .pending ? nil : (name, $0) }
            }
        }
        var seen: Set<String> = []
        var found: [(name: String, place: RunPlace)] = []
        for place in [RunPlace.initialised, .archived] {
            for name in (try? Files.names(in: paths.container(place))) ?? [] where RunID(name) != nil {
                guard paths.isRun(name, at: place), seen.insert(name).inserted else { continue }
                found.append((name, place))
            }
        }
        return found
    }

    func look(at folder: String) -> Seen? {
        guard let place = paths.locate(folder), place != .pending, let files = SeenFiles(paths.run(folder, place))
        else {
            return nil
        }
        return Seen(place: place, files: files)
    }

    private func lookAtAll() {
        // A runs directory that is gone for a moment has not lost its runs.
        guard Files.isDirectory(paths.own) else { return }
        let names = names()
        let (known, isComplete, followed) = state.withLock { ($0.runs, $0.isComplete, $0.followed) }
        if followed == nil, !isComplete { return seeAll(names) }
        var doubtful: [String] = []
        for (name, place) in names {
            guard !stopping.isSet, isActive.isSet else { return }
            guard let before = known[name], before.place == place else {
                doubtful.append(name)
                continue
            }
            guard let now = SeenFiles(paths.run(name, place)) else { continue }
            if !now.changes(since: before.files).isEmpty { doubtful.append(name) }
        }
        let there = Set(names.map(\.name))
        doubtful += known.keys.filter { !there.contains($0) }
        for name in doubtful { tell(of: name) }
    }

    /// Whether the only changes are rows that the server appended, and their view, which are not reported: the usual
    /// case for a running run, for which no lock is needed.
    private func isOfOwnRows(
        _ changes: SeenFiles.Changes, _ folder: String, _ now: Seen?, _ hadOwnRows: Bool
    ) -> Bool {
        let metrics = [DataPath.metricsRows, .metricsFrame].map(\.description)
        guard let now, changes.properties.isEmpty, changes.files.allSatisfy(metrics.contains),
            let run = try? paths.open(folder, now.place), metricsFiles.holder(of: folder, in: run) == .rows
        else { return false }
        return state.withLock { state in
            guard let known = state.runs[folder], known.place == now.place,
                hadOwnRows || known.hasOwnRows || !changes.files.contains(DataPath.metricsRows.description)
            else { return false }
            state.runs[folder]?.files.take(files: Set(metrics), properties: [], from: now.files)
            return true
        }
    }

    /// Reports the changes of a run made by other programs.
    private func tell(of folder: String) {
        guard let run = RunID(folder) else { return }
        // Rows that the server appends after this look are noted anew, for the next pass.
        let before = state.withLock { state in
            defer { state.runs[folder]?.hasOwnRows = false }
            return state.runs[folder]
        }
        let hadOwnRows = before?.hasOwnRows ?? false
        let now = look(at: folder)
        // Slow checks come first: whether a document is complete, and whether a frame is a view of the rows.
        let suspects = now.flatMap { now in before.map { now.files.changes(since: $0.files) } }
        if let suspects, isOfOwnRows(suspects, folder, now, hadOwnRows) { return }
        let reading = now.map { Reading(paths, metricsFiles, folder, $0.place, suspects ?? SeenFiles.Changes()) }
        exclusively { [self] in
            // By now the server's own writes are noted.
            let kinds = state.withLock { state -> [RunChange.Kind] in
                guard isActive.isSet, let again = look(at: folder) else {
                    return state.runs.removeValue(forKey: folder) == nil ? [] : [.removed]
                }
                guard let now, let reading else { return [] }
                guard let known = state.runs[folder] else {
                    state.runs[folder] = again
                    return again.place == .archived ? [] : [.initialised]
                }
                if known.place != again.place {
                    state.runs[folder] = again
                    return [again.place == .archived ? .archived : .restored]
                }
                // Later changes are left to the next pass.
                let later = again.files.changes(since: now.files)
                var changes = now.files.changes(since: known.files)
                changes.files.removeAll { later.files.contains($0) || reading.isUnfinished($0) }
                changes.properties.removeAll { later.properties.contains($0) }
                state.runs[folder]?.files.take(
                    files: Set(changes.files), properties: Set(changes.properties), from: now.files)
                let areOwn = hadOwnRows || known.hasOwnRows
                state.runs[folder]?.hasOwnRows = areOwn && later.files.contains(DataPath.metricsRows.description)
                return reading.kinds(of: changes, hasOwnRows: areOwn)
            }
            feed.append(kinds.map { RunChange(run: run, kind: $0) })
        }
    }
}
