internal import Synchronization
internal import Threads

/// The runs whose `metrics.json` lags behind their rows, and when it is due to be written again.
///
/// A small frame is due `delay` seconds after the first row that it lacks. Frames that together take long to write are due
/// no sooner than the time at which writing all of them keeps to its share of the time.
final class LaggingViews: Sendable {
    private struct State {
        var due: [String: Double] = [:]
        /// What writing each frame that is in use took last, seconds, and the time until which it counts as in use.
        var costs: [String: (seconds: Double, until: Double)] = [:]
        var notBefore: [String: Double] = [:]
        var making: [String: Making] = [:]
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
    private let state = Mutex(State())
    private let bell: Doorbell

    init(delay: Double, share: Double, bell: Doorbell) {
        (self.delay, self.share, self.bell) = (delay, share, bell)
    }

    private var now: Double { Double(monotonicNanoseconds()) / 1e9 }

    /// The folders that lag.
    var folders: [String] { state.withLock { Array($0.due.keys) } }

    /// Whether a folder lags.
    func contains(_ folder: String) -> Bool { state.withLock { $0.due[folder] != nil } }

    /// When the next one is due, seconds on the monotonic clock.
    var nextDue: Double? { state.withLock { $0.due.values.min() } }

    /// The folder's view lags from now on.
    func insert(_ folder: String) {
        let isNext = state.withLock { state in
            guard state.due[folder] == nil else { return false }
            let due = max(now + delay, state.notBefore[folder] ?? 0)
            let isNext = due < state.due.values.min() ?? .infinity
            state.due[folder] = due
            return isNext
        }
        if isNext { bell.ring() }
    }

    /// Takes the folders that are due.
    func takeDue() -> [String] {
        state.withLock { state in
            let time = now
            let due = state.due.filter { $0.value <= time }.map(\.key)
            for folder in due { state.due[folder] = nil }
            return due
        }
    }

    /// Takes a folder, due or not.
    /// - Returns: whether it lags
    func take(_ folder: String) -> Bool { state.withLock { $0.due.removeValue(forKey: folder) != nil } }

    /// A view of the folder is being made, until `endMaking`.
    func beginMaking(_ folder: String) { state.withLock { $0.making[folder, default: Making()].count += 1 } }

    func endMaking(_ folder: String) {
        state.withLock { state in
            guard let making = state.making[folder] else { return }
            state.making[folder]?.count -= 1
            if making.count == 1 { state.making[folder] = nil }
        }
    }

    /// Whether a view that was made may be published: not in place of one that was begun later, and holds more, but was
    /// quicker, since a reader may have been told that it is there.
    /// - Parameters:
    ///   - rows: the inode number of the rows that it was made of
    ///   - covered: how many bytes of them
    func mayPublish(_ folder: String, rows: UInt64, covered: Int) -> Bool {
        state.withLock { state in
            guard let making = state.making[folder] else { return true }
            return making.rows != rows || covered >= making.covered
        }
    }

    /// Notes a view that was published, for the others that are being made.
    func published(_ folder: String, rows: UInt64, covered: Int) {
        state.withLock { state in
            guard var making = state.making[folder] else { return }
            (making.rows, making.covered) = (rows, covered)
            state.making[folder] = making
        }
    }

    /// Writing the view has taken so many seconds.
    func wrote(_ folder: String, seconds: Double) {
        state.withLock { state in
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
