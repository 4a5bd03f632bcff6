internal import Access
internal import Glibc
internal import HTTPServer
package import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// Sends events about runs to readers.
///
/// The thread that commits only leaves changes in the store's `ChangeFeed`. A thread of this hub takes them, makes
/// events of them, and writes the bytes to each reader's stream. It never waits for a reader: one whose buffer is full
/// is cut off, and comes back with the id of its last event, which is also the feed's id. The more readers there are,
/// the longer the hub collects changes before it sends them. It serves some readers at a time, so that writers keep the
/// polling thread.
package final class EventHub: Sendable {
    /// A reader of one run, or of all.
    private struct Reader: Sendable {
        let run: RunID?
        let stream: ResponseStream
        /// What it may read, and until when.
        let grant: Grant
    }

    private struct State: Sendable {
        var readers: [UInt64: Reader] = [:]
        var nextReader: UInt64 = 0
        var isWatching = false
        var lastLeft: UInt64 = 0
        var eventCount: UInt64 = 0
        var droppedCount: UInt64 = 0
    }

    /// Counts of what the hub has done.
    struct Statistics: Sendable {
        let readers: Int
        let events: UInt64
        let dropped: UInt64
    }

    /// How many readers there may be, and how far behind.
    package struct Limits: Sendable {
        /// Readers at once.
        package var readers = Limit(.readers, most: 1000, setting: "--max-event-readers")
        /// Bytes that may wait for one reader. (Readers that are equally slow share them.) A reader with more waiting
        /// is cut off.
        package var backlog = 1 << 20

        package init() {}
    }

    /// How often a quiet stream gets a comment, nanoseconds.
    private static let heartbeat: UInt64 = 15_000_000_000
    /// How long events are kept after the last reader has left, so that readers can come back, nanoseconds.
    private static let linger: UInt64 = 60_000_000_000
    /// How many readers are served at a time, and the pause before the next ones, nanoseconds.
    private static let slice = 50
    private static let slicePause: UInt64 = 2_000_000

    private let feed: any ChangeFeed
    private let limits: Limits
    private let state = Mutex(State())
    private let stopping = Atomic<Bool>(false)

    /// Starts the thread before anybody reads, so that readers add no threads to a server. `stop()` ends it.
    init(feed: any ChangeFeed, _ limits: Limits = Limits()) {
        (self.feed, self.limits) = (feed, limits)
        Thread(named: "events") { self.work() }.detach()
    }

    var statistics: Statistics {
        state.withLock { Statistics(readers: $0.readers.count, events: $0.eventCount, dropped: $0.droppedCount) }
    }

    /// Ends the thread.
    func stop() {
        stopping.store(true, ordering: .releasing)
        feed.ring()
    }

    // MARK: Readers

    /// A stream of the events of one run, or of all: from now on, or from after the event with this id.
    /// - Parameter grant: a stream of all runs has those in its scope; when the grant ends, so does the stream
    /// - Throws: if the limit of readers is reached
    func open(_ run: RunID?, after lastID: String?, for grant: Grant = .full) throws(Reserve.Exhausted)
        -> ResponseStream
    {
        let opened: ResponseStream? = state.withLock { state in
            if state.readers.count >= limits.readers.most { return nil }
            if !state.isWatching { begin(&state) }
            let number = state.nextReader
            state.nextReader += 1
            let stream = ResponseStream(limit: limits.backlog, isEndless: true) { [weak self] in self?.leave(number) }
            _ = stream.write(beginning(for: run, after: lastID, grant.scope))
            state.readers[number] = Reader(run: run, stream: stream, grant: grant)
            return stream
        }
        guard let stream = opened else { throw Reserve.Exhausted(limit: limits.readers) }
        feed.follow(run)
        return stream
    }

    /// The beginning of a stream: its position, and the missed events. Changes that are taken later follow it.
    private func beginning(for run: RunID?, after lastID: String?, _ scope: RunScope) -> [UInt8] {
        let here = feed.position
        guard let lastID, !lastID.isEmpty else { return EventText.opening(id: here) }
        guard let last = ChangeID(lastID), let missed = feed.changes(after: last, of: run) else {
            return EventText.opening(id: here) + EventText.reset(id: here)
        }
        let visible = scope.isLimited ? missed.filter { scope.allows($0.change.run) } : missed
        return EventText.opening(id: last) + EventBatch(visible, readers: [:], readersOfAll: 1).all
    }

    private func leave(_ number: UInt64) {
        state.withLock { state in
            state.readers[number] = nil
            if state.readers.isEmpty { state.lastLeft = monotonicNanoseconds() }
        }
    }

    private func begin(_ state: inout State) {
        state.isWatching = true
        feed.watch(true)
        // The heartbeat begins to count.
        feed.ring()
    }

    // MARK: The thread

    private func work() {
        var nextHeartbeat = monotonicNanoseconds() + Self.heartbeat
        while !stopping.load(ordering: .acquiring) {
            let isWatching = state.withLock { $0.isWatching }
            let untilHeartbeat = Double(nextHeartbeat - min(nextHeartbeat, monotonicNanoseconds())) / 1e9
            feed.wait(seconds: isWatching ? max(0.001, untilHeartbeat) : nil)
            if stopping.load(ordering: .acquiring) { break }
            let told = deliver()
            if monotonicNanoseconds() >= nextHeartbeat {
                nextHeartbeat = monotonicNanoseconds() + Self.heartbeat
                beat()
            }
            // Half a millisecond per reader is many times the cost of sending to it.
            if told > 0 { pause(nanoseconds: max(10_000_000, UInt64(told) * 500_000)) }
        }
        feed.watch(false)
    }

    /// Sends new events to the readers.
    /// - Returns: their number
    private func deliver() -> Int {
        // Taken together with the readers: one that comes later gets these changes from `beginning`.
        let (taken, readers) = state.withLock { state in
            (feed.take(), state.readers.map { (number: $0.key, reader: $0.value) })
        }
        if taken.isIncomplete { return tell(readers) { _ in EventText.reset(id: self.feed.position) } }
        if taken.changes.isEmpty { return 0 }
        let (counts, ofAll) = Self.counts(readers.map(\.reader))
        let batch = EventBatch(taken.changes, readers: counts, readersOfAll: ofAll)
        state.withLock { $0.eventCount += UInt64(batch.count) }
        return tell(readers) { reader in
            guard let run = reader.run else { return batch.text(in: reader.grant.scope) }
            return batch.texts[run]
        } then: { reader in
            if let run = reader.run, batch.removed.contains(run) { reader.stream.finish() }
        }
    }

    /// The number of readers of each run, and of all runs.
    private static func counts(_ readers: [Reader]) -> (ofRuns: [RunID: Int], ofAll: Int) {
        readers.reduce(into: ([:], 0)) { counts, reader in
            if let run = reader.run { counts.ofRuns[run, default: 0] += 1 } else { counts.ofAll += 1 }
        }
    }

    /// Sends a heartbeat to all readers; stops watching when nobody has read for long.
    private func beat() {
        let readers = state.withLock { state in
            if state.readers.isEmpty, state.isWatching, monotonicNanoseconds() - state.lastLeft > Self.linger {
                state.isWatching = false
                feed.watch(false)
            }
            return state.readers.map { (number: $0.key, reader: $0.value) }
        }
        _ = tell(readers) { _ in EventText.heartbeat }
    }

    /// Writes each reader's text to its stream, some readers at a time.
    private func tell(
        _ readers: [(number: UInt64, reader: Reader)], _ text: (Reader) -> [UInt8]?, then: (Reader) -> Void = { _ in }
    ) -> Int {
        var told = 0
        var dropped: UInt64 = 0
        let now = wallClock()
        for (number, reader) in readers {
            let holds = reader.grant.holds(at: now)
            guard let text = holds ? text(reader) : EventText.heartbeat else { continue }
            if !holds || !reader.stream.write(text) {
                // Its token was revoked or has expired, its buffer is full, or it has gone.
                reader.stream.abort()
                dropped += 1
                leave(number)
            } else {
                then(reader)
            }
            told += 1
            if told % Self.slice == 0 { pause(nanoseconds: Self.slicePause) }
        }
        if dropped > 0 { state.withLock { $0.droppedCount += dropped } }
        return told
    }

    private func pause(nanoseconds: UInt64) {
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        nanosleep(&time, nil)
    }
}
