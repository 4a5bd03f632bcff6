internal import Synchronization
internal import Threads

/// The runs whose `metrics.json` lags behind their rows, and when it is due to be written again.
///
/// A small frame is due `delay` seconds after the first row that it lacks. Frames that together take long to write are due
/// no sooner than the time at which writing all of them keeps to its share of the time.
final class LaggingViews: Sendable {
    /// What is added at each commit. The one that commits waits for this lock, and threads that others run before take it: it
    /// is held for a few instructions only, or whoever has it would have to be waited for until it runs again.
    private struct Inserted {
        /// Folders, and when they began to lag, seconds.
        var folders: [String: Double] = [:]
        /// When the keeper will look by itself, seconds.
        var alarm = Double.infinity
    }

    private struct State {
        var due: [String: Double] = [:]
        /// What writing each frame that is in use took last, seconds, and the time until which it counts as in use.
        var costs: [String: (seconds: Double, until: Double)] = [:]
        var notBefore: [String: Double] = [:]
    }

    /// Views of one folder that are being made at the same time.
    private struct Making {
        var count = 0
        /// The rows that the fullest of those published meanwhile was made of, and how many bytes of them it covers.
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

    /// The state, with all that was inserted in it.
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

    /// The folders that lag.
    var folders: [String] { withState { Array($0.due.keys) } }

    /// Whether a folder lags.
    func contains(_ folder: String) -> Bool { withState { $0.due[folder] != nil } }

    /// When the next one is due, seconds on the monotonic clock. Whoever asks looks again then, or when the bell rings: it does
    /// for what will be due before.
    var nextDue: Double? {
        // What comes from here on rings.
        inserted.withLock { $0.alarm = .infinity }
        return withState { state in
            let next = state.due.values.min()
            if let next { inserted.withLock { $0.alarm = min($0.alarm, next) } }
            return next
        }
    }

    /// The folder's view lags from now on.
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

    /// Takes the folders that are due.
    func takeDue() -> [String] {
        withState { state in
            let time = now
            let due = state.due.filter { $0.value <= time }.map(\.key)
            for folder in due { state.due[folder] = nil }
            return due
        }
    }

    /// Takes a folder, due or not.
    /// - Returns: whether it lags
    func take(_ folder: String) -> Bool { withState { $0.due.removeValue(forKey: folder) != nil } }

    /// The folder's view, if it lags, is due at once.
    func hasten(_ folder: String) {
        let isLagging = withState { state in
            guard state.due[folder] != nil else { return false }
            state.due[folder] = 0
            state.notBefore[folder] = nil
            return true
        }
        if isLagging { bell.ring() }
    }

    /// A view of the folder is being made, until `endMaking`.
    func beginMaking(_ folder: String) { making.withLock { $0[folder, default: Making()].count += 1 } }

    func endMaking(_ folder: String) {
        making.withLock { making in
            guard let count = making[folder]?.count else { return }
            if count > 1 { making[folder]?.count -= 1 } else { making[folder] = nil }
        }
    }

    /// Whether a view that was made may be published: not in place of one that was begun later, and holds more, but was
    /// quicker, since a reader may have been told that it is there.
    /// - Parameters:
    ///   - rows: the inode number of the rows that it was made of
    ///   - covered: how many bytes of them
    func mayPublish(_ folder: String, rows: UInt64, covered: Int) -> Bool {
        making.withLock { making in
            guard let making = making[folder] else { return true }
            return making.rows != rows || covered >= making.covered
        }
    }

    /// Notes a view that was published, for the others that are being made.
    func published(_ folder: String, rows: UInt64, covered: Int) {
        making.withLock { making in
            guard making[folder] != nil else { return }
            making[folder]?.rows = rows
            making[folder]?.covered = covered
        }
    }

    /// Writing the view has taken so many seconds.
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
