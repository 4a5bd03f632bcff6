internal import CLinux
internal import CMicroHTTPD
internal import Glibc
internal import Synchronization
internal import Threads

/// The loop around libmicrohttpd's external epoll mode: run what is ready, do the work that gathered, run again.
///
/// The shape was chosen by measurement (Tests/Benchmarks): a thread that commits what it has just read, before it polls
/// again, hands nothing to another thread, and answers several times sooner than a committer thread of its own. It has
/// one weakness: while a slow disk syncs, nobody polls. So there are two threads and one lease on the polling
/// (`PollingLease`): when the work of the thread that polls takes long, the other one polls on, and the first one, once
/// its work is done, becomes the one that stands by.
final class PollingLoop: @unchecked Sendable {
    // Sendable: the daemons are run by the holder of the lease alone; all else is atomic or constant.

    /// How long the holder looks for the next request without sleeping, once it has answered a single one, nanoseconds:
    /// a client that sends one row after the other has the next one ready sooner than a processor sleeps and wakes.
    /// Where several wait, the little that they wait makes the batches larger.
    private static let keenness: UInt64 = 50_000

    /// How many further requests make it worthwhile to look for still more before the work is done. A batch's cost,
    /// most of which is its sync, is shared by all that are in it; looking costs a little for each of those that wait
    /// already.
    private static let worthwhile = 3

    /// How often the holder looks for further requests at most, so that those that wait are not kept waiting.
    private static let looks = 8

    /// A socket that listens, and who serves its connections.
    struct Endpoint {
        let daemon: OpaquePointer
        /// Owned by the loop.
        let socket: Int32
        /// Where its connections get their TLS sessions; nil: they have none.
        let handshakes: Handshakes?
    }

    private let daemons: [OpaquePointer]
    private let work: (any GatheredWork)?
    private let connections: ConnectionWatch
    private let listeners: [Listener]
    private let watch: Int32
    private let wakeDescriptor: Int32
    private let isWoken = Atomic<Bool>(false)
    private let isPolling = Atomic<Bool>(false)

    private let lease = PollingLease()
    private let stopping = Atomic<Bool>(false)
    private let accepts = Atomic<Bool>(true)
    private let cutsOff = Atomic<Bool>(false)
    /// Opened when `stopping` is set, for who sleeps.
    private let stopped = Gate()
    private var threads: [Thread] = []

    /// - Parameters:
    ///   - daemons: those of the endpoints, each once
    ///   - turnedAway: what becomes of clients above it
    init(
        daemons: [OpaquePointer], endpoints: [Endpoint], limits: ServerLimits, work: (any GatheredWork)?,
        watch: ConnectionWatch, turnedAway: TurnedAway
    ) {
        self.daemons = daemons
        self.work = work
        connections = watch
        wakeDescriptor = clinux_event()
        let ready = clinux_watch(cmhd_epoll_descriptor(daemons[0]), wakeDescriptor)
        for daemon in daemons.dropFirst() { clinux_watch_also(ready, cmhd_epoll_descriptor(daemon)) }
        self.watch = ready
        listeners = endpoints.map {
            Listener($0, watch: ready, limits: limits, connections: watch, turnedAway: turnedAway)
        }
    }

    deinit {
        close(watch)
        close(wakeDescriptor)
    }

    /// Requests that were handed over since the work was last done. Used by the polling thread only.
    private var handedOver = 0
    /// Whether the next wait for events begins without sleeping. Likewise.
    private var isKeen = false

    /// Exchanges that hold their connections, which are to be suspended after this run. Likewise.
    private var unsettled: [HTTPExchange] = []

    /// Those that the gathered work may answer, which are suspended if it does not. Likewise.
    private var waiting: [HTTPExchange] = []

    /// A request was handed over, which the work may answer. To be called by the polling thread.
    func noteHandedOver() { handedOver &+= 1 }

    /// An exchange holds its connection, which is suspended before the next wait for events. To be called by the
    /// polling thread.
    /// - Parameter waitsForWork: whether the gathered work may answer it before
    func noteUnsettled(_ exchange: HTTPExchange, waitsForWork: Bool) {
        if waitsForWork { waiting.append(exchange) } else { unsettled.append(exchange) }
    }

    /// Starts the two threads, one of them polling.
    func start() {
        threads = [
            Thread(named: "polling-0") { [unowned self] in
                poll()
                standBy()
            },
            Thread(named: "polling-1") { [unowned self] in standBy() },
        ]
    }

    /// Leaves the listening socket to itself, and closes it at the end.
    func stopAccepting() { accepts.store(false, ordering: .releasing) }

    /// Ends the requests that are being read or answered, but for those that wait.
    func cutOff() {
        cutsOff.store(true, ordering: .releasing)
        wake()
    }

    /// Ends the threads. Work that waits is left.
    func stop() {
        stopping.store(true, ordering: .releasing)
        stopped.open()
        wake()
        for thread in threads { thread.join() }
        threads = []
        for listener in listeners { listener.close() }
    }

    /// Makes the polling thread look at what waits: a resumed connection, gathered work. Thread-safe.
    func wake() {
        // Sequentially consistent on both sides: either this thread sees `isPolling`, or the other one sees `isWoken`.
        guard !isWoken.exchange(true, ordering: .sequentiallyConsistent) else { return }
        if isPolling.load(ordering: .sequentiallyConsistent) { clinux_event_signal(wakeDescriptor) }
    }

    /// Polls while this thread holds the lease.
    private func poll() {
        // Those of who polled before wait for the work that it is doing.
        settle()
        while !stopping.load(ordering: .acquiring) {
            let clientsWait = waitForEvents()
            let now = monotonicNanoseconds()
            if accepts.load(ordering: .acquiring) {
                for listener in listeners { listener.accept(isReady: clientsWait, now: now) }
            } else {
                for listener in listeners { listener.rest() }
            }
            connections.look(now: now)
            if cutsOff.load(ordering: .acquiring) { connections.cutOff() }
            run()
            guard let work, work.isWaiting else {
                // Something else answers those that wait, or a thread that is at work.
                settle()
                continue
            }
            gather()
            isKeen = handedOver == 1
            handedOver = 0
            guard performLendingTheLease(work) else { return }
            settle()
            // Once for libmicrohttpd to ask for the replies, once to send them, before more is read that has to wait
            // for work.
            run()
            run()
        }
    }

    /// Runs libmicrohttpd, and has begin what does not wait for the work that gathers.
    private func run() {
        for daemon in daemons { MHD_run(daemon) }
        if unsettled.isEmpty { return }
        for exchange in unsettled { exchange.settle() }
        unsettled.removeAll(keepingCapacity: true)
    }

    /// Suspends the connections that are still held.
    private func settle() {
        for exchange in unsettled { exchange.settle() }
        for exchange in waiting { exchange.settle() }
        unsettled.removeAll(keepingCapacity: true)
        waiting.removeAll(keepingCapacity: true)
    }

    /// Reads what has come while the first requests of a batch were read, as long as that is more than a few. Never
    /// blocks: a client that has been answered just now would be waited for in vain by all the others.
    private func gather() {
        var (before, looked) = (0, 0)
        while handedOver - before >= Self.worthwhile, looked < Self.looks {
            before = handedOver
            looked += 1
            run()
        }
    }

    /// Sleeps until there is something to do.
    /// - Returns: whether clients wait to be accepted, as far as that was looked at
    private func waitForEvents() -> Bool {
        var timeout: UInt64?
        for daemon in daemons {
            var milliseconds: UInt64 = 0
            guard MHD_get_timeout(daemon, &milliseconds) == .YES else { continue }
            timeout = min(milliseconds, timeout ?? .max)
        }
        // A connection that has more to be read, or to be sent: libmicrohttpd looks for events itself as it runs.
        if timeout == 0 { return false }
        isPolling.store(true, ordering: .sequentiallyConsistent)
        defer { isPolling.store(false, ordering: .sequentiallyConsistent) }
        if isWoken.exchange(false, ordering: .sequentiallyConsistent) { return false }
        var ready: Int32 = 0
        if isKeen {
            isKeen = false
            let until = monotonicNanoseconds() + Self.keenness
            repeat { ready = clinux_wait(watch, 0) } while ready == 0 && monotonicNanoseconds() < until
        }
        let isBusy = listeners.contains(where: \.isPausing) || !connections.lingering.isEmpty
        let longest = isBusy ? Listener.pause / 1_000_000 : 1000
        if ready == 0 { ready = clinux_wait(watch, Int32(min(timeout ?? longest, longest))) }
        if ready & 2 != 0 {
            clinux_event_clear(wakeDescriptor)
            isWoken.store(false, ordering: .sequentiallyConsistent)
        }
        return ready & 4 != 0
    }

    /// Does the work; false if the lease is another thread's by then.
    private func performLendingTheLease(_ work: any GatheredWork) -> Bool {
        if lease.lend(during: work.perform) { return true }
        wake()
        // The other thread polls. While the work stays slow, this one goes on with it, so that nobody has to change
        // places.
        while work.isWaiting, !stopping.load(ordering: .acquiring) {
            let begun = monotonicNanoseconds()
            work.perform()
            wake()
            if monotonicNanoseconds() - begun < PollingLease.patience { break }
        }
        return false
    }

    /// Polls whenever the other thread is at work for long.
    private func standBy() {
        while lease.takeOverdue(unless: stopped) { poll() }
    }
}
