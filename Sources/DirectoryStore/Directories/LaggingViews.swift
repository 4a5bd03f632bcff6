internal import Synchronization
internal import Threads

/// The runs whose `metrics.json` lags behind their rows, and when each is due to be rewritten.
///
/// A small frame is due `delay` seconds after the first row that it lacks. Frames that together take long to write are
/// delayed so that writing all of them keeps to its share of the time.
final class LaggingViews: Sendable {
    /// State added at each commit. The committer waits for this lock, and low-priority threads take it: it must be held
    /// only for a few instructions, or the committer would wait until a preempted holder runs again.
    private struct Inserted {
        /// Folders, and when they began to lag, seconds.
        var folders: [String: Double] = [:]
        /// When the keeper will next check by itself, seconds.
        var alarm = Double.infinity
    }

    private struct State {
        var due: [String: Double] = [:]
        /// Those that the keeper took, until it has refreshed them.
        var taken: Set<String> = []
        /// How long the last write of each frame in use took, seconds, and until when it counts as in use.
        var costs: [String: (seconds: Double, until: Double)] = [:]
        var notBefore: [String: Double] = [:]
    }

    /// Views of one folder that are being made at the same time.
    private struct Making {
        var count = 0
        /// The rows of the most complete view published meanwhile, and how many bytes of them it covers.
        var rows: UInt64 = 0
        var covered = 0
    }

    private let delay: Double
    private let share: Double
    private let inserted = Mutex(Inserted())
    private let state = Mutex(State())
    private let making = Mutex<[String: Making]>([:])
    private let bell: Doorbell

    init(delay: Double, share: Double, bell: Doorbell) {
        (self.delay, self.share, self.bell) = (delay, share, bell)
    }

    private var now: Double { Double(monotonicNanoseconds()) / 1e9 }

    /// Runs `body` on the state, with all insertions applied.
    private func withState<Result>(_ body: (inout State) -> sending Result) -> sending Result {
        state.withLock { state in
            var new: [String: Double] = [:]
            inserted.withLock { swap(&$0.folders, &new) }
            for (folder, since) in new where state.due[folder] == nil {
                state.due[folder] = max(since + delay, state.notBefore[folder] ?? 0)
            }
            return body(&state)
        }
    }

    /// The lagging folders.
    var folders: [String] { withState { Array($0.due.keys) } }

    /// Whether a folder lags, and nobody is about to refresh it.
    func contains(_ folder: String) -> Bool { withState { $0.due[folder] != nil } }

    /// Whether a folder's view may still lag: it does, or the thread that refreshes it has not published it yet.
    func mayLag(_ folder: String) -> Bool {
        withState { $0.due[folder] != nil || $0.taken.contains(folder) } || making.withLock { $0[folder] != nil }
    }

    /// When the next one is due, seconds on the monotonic clock. The caller checks again then, or when the bell rings,
    /// which it does for folders that are due earlier.
    var nextDue: Double? {
        // Insertions from now on ring the bell.
        inserted.withLock { $0.alarm = .infinity }
        return withState { state in
            let next = state.due.values.min()
            if let next { inserted.withLock { $0.alarm = min($0.alarm, next) } }
            return next
        }
    }

    /// Notes that the folder's view lags.
    func insert(_ folder: String) {
        let since = now
        let isNext = inserted.withLock { inserted in
            if inserted.folders[folder] == nil { inserted.folders[folder] = since }
            let isNext = since + delay < inserted.alarm
            if isNext { inserted.alarm = since + delay }
            return isNext
        }
        if isNext { bell.ring() }
    }

    /// Takes the due folders, to refresh them; each until `finish`.
    func takeDue() -> [String] {
        withState { state in
            let time = now
            let due = state.due.filter { $0.value <= time }.map(\.key)
            for folder in due { state.due[folder] = nil }
            state.taken.formUnion(due)
            return due
        }
    }

    /// One that was due has been refreshed, or is noted as lagging again.
    func finish(_ folder: String) { withState { _ = $0.taken.remove(folder) } }

    /// Takes a folder, due or not.
    /// - Returns: whether it lags
    func take(_ folder: String) -> Bool { withState { $0.due.removeValue(forKey: folder) != nil } }

    /// Makes the folder's view due at once, if it lags.
    func hasten(_ folder: String) {
        let isLagging = withState { state in
            guard state.due[folder] != nil else { return false }
            state.due[folder] = 0
            state.notBefore[folder] = nil
            return true
        }
        if isLagging { bell.ring() }
    }

    /// Notes that a view of the folder is being made, until `endMaking`.
    func beginMaking(_ folder: String) { making.withLock { $0[folder, default: Making()].count += 1 } }

    func endMaking(_ folder: String) {
        making.withLock { making in
            guard let count = making[folder]?.count else { return }
            if count > 1 { making[folder]?.count -= 1 } else { making[folder] = nil }
        }
    }

    /// Whether a view may be published: not over one that was begun later, has more rows, and was finished earlier,
    /// since a reader may already rely on that.
    /// - Parameters:
    ///   - rows: the inode number of its rows
    ///   - covered: how many bytes of them it covers
    func mayPublish(_ folder: String, rows: UInt64, covered: Int) -> Bool {
        making.withLock { making in
            guard let making = making[folder] else { return true }
            return making.rows != rows || covered >= making.covered
        }
    }

    /// Records a published view, for others that are being made.
    func published(_ folder: String, rows: UInt64, covered: Int) {
        making.withLock { making in
            guard making[folder] != nil else { return }
            making[folder]?.rows = rows
            making[folder]?.covered = covered
        }
    }

    /// Records how long writing the view took.
    func wrote(_ folder: String, seconds: Double) {
        withState { state in
            let time = now
            state.notBefore = state.notBefore.filter { $0.value > time }
            state.costs = state.costs.filter { $0.value.until > time }
            state.costs[folder] = (seconds, .infinity)
            let interval = max(delay, state.costs.values.reduce(0) { $0 + $1.seconds } / share)
            state.costs[folder] = (seconds, time + 2 * interval)
            if interval > delay { state.notBefore[folder] = time + interval }
        }
    }
}
