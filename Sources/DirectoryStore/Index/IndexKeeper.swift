internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import Threads

/// Maintains the index, on a thread of its own: opens or builds it, then checks the run directories periodically.
final class IndexKeeper: @unchecked Sendable {
    // Sendable: `thread` is set once, before the keeper is shared; only the thread uses the other variables.

    /// The greatest share of a processor for checks, and the least seconds between two checks.
    private static let share = 0.02
    private static let interval = 2.0
    /// The most seconds between two updates with noted writes.
    private static let longestInterval = 10.0
    /// The most bytes of the write-ahead log before a checkpoint.
    private static let longLog = 4 << 20

    private let index: RunIndex
    private let bell = Doorbell()
    private let stopping = Flag()
    private var thread: Thread?
    /// The write-ahead log as it was at the last checkpoint.
    private var checkpointed: FileVersion?

    init(_ index: RunIndex) {
        self.index = index
        // Low priority: only listings need it, and they read what they need themselves.
        thread = Thread(named: "index", .low) { self.keep() }
    }

    /// Ends the thread, updates the index and closes it.
    func stop() {
        stopping.set()
        bell.ring()
        thread?.join()
        if index.isOpen {
            index.refreshTouched()
            index.writeDown()
        }
        index.close()
    }

    private func keep() {
        var pause = 0.0
        while !stopping.isSet {
            if !index.isOpen {
                open()
            } else {
                pause = Self.pause {
                    index.refreshTouched()
                    look()
                    index.writeDown()
                    index.checkpoint(beyond: Self.longLog, since: &checkpointed)
                }
            }
            if index.isOpen, pause > 0 { wait(pause) } else if !index.isOpen { bell.wait(seconds: 5) }
        }
    }

    /// Waits, but updates the index with writes meanwhile, so that a listing never has much to do. It does so less
    /// often while many rows are written, to leave the processor to them.
    private func wait(_ seconds: Double) {
        let until = monotonicNanoseconds() + UInt64(seconds * 1e9)
        var interval = Self.interval
        while !stopping.isSet, index.isOpen {
            let now = monotonicNanoseconds()
            guard now < until else { return }
            bell.wait(seconds: min(Double(until - now) / 1e9, interval))
            if !stopping.isSet {
                interval = Self.pause {
                    index.refreshTouched()
                    lookAtNames()
                    index.writeDown()
                }
                interval = min(interval, Self.longestInterval)
            }
        }
    }

    /// Runs a check, and returns the seconds to wait before the next.
    private static func pause(_ look: () -> Void) -> Double {
        let before = threadNanoseconds()
        look()
        return max(interval, Double(threadNanoseconds() - before) / 1e9 / share)
    }

    /// Checks which runs exist.
    private func lookAtNames() { refresh(index.differingNames()) }

    /// Checks all runs, and updates those that have changed.
    private func look() {
        lookAtNames()
        var row = 0
        while !stopping.isSet, let looks = index.looks(from: row, count: 256) {
            refresh(looks.filter(\.hasChanged).map(\.run))
            row += 256
        }
    }

    private func refresh(_ names: [String]) {
        for start in stride(from: 0, to: names.count, by: RunIndex.batch) where !stopping.isSet {
            index.refresh(Array(names[start..<min(start + RunIndex.batch, names.count)]))
        }
    }

    /// Opens the index, or builds it.
    private func open() {
        let paths = index.paths
        do throws(IndexFailure) {
            if !index.isDamaged, Files.status(paths.index) != nil {
                return try index.open(try IndexDatabase(path: paths.index))
            }
        } catch {
            index.log.notice("the index will be rebuilt: \(error)")
        }
        let builder = IndexBuilder(
            paths: paths, progress: index.progress, metricsFiles: index.metricsFiles,
            isStopped: { [stopping] in stopping.isSet })
        do {
            if let database = try builder.build() { try index.open(database) }
        } catch {
            index.log.warning("the index is kept in memory, since it cannot be written: \(error)")
            do {
                if let database = try builder.build(inMemory: true) { try index.open(database) }
            } catch { index.log.error("there is no index, so runs cannot be listed: \(error)") }
        }
    }
}
