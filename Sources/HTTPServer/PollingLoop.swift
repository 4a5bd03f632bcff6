internal import CLinux
internal import CMicroHTTPD
internal import Glibc
internal import Synchronization
internal import Threads

/// The loop around libmicrohttpd's external epoll mode: run what is ready, do the work that gathered, run again.
///
/// The shape was chosen by measurement (Tests/Benchmarks). A thread that commits what it has just read, before it polls
/// again, hands nothing to another thread, and answers several times sooner than a separate committer thread. It has
/// one weakness: while a slow disk syncs, nobody polls. So two threads share one lease on the polling (`PollingLease`).
/// If the polling thread's work takes long, the other thread polls on; once its work is done, the first one stands by.
final class PollingLoop: @unchecked Sendable {
    // Sendable: only the holder of the lease runs the daemons; all else is atomic or constant.

    /// How long the holder looks for the next request without sleeping, after it has answered a single one,
    /// nanoseconds. A client that sends one row after the other has the next one ready sooner than a processor sleeps
    /// and wakes. If several clients wait, their short wait makes the batches larger.
    private static let keenness: UInt64 = 50_000

    /// How many new requests make another look worthwhile before the work is done. All requests of a batch share its
    /// cost, most of which is the sync; each look costs those that already wait a little.
    private static let worthwhile = 3

    /// The most looks for further requests, so that those that wait are not kept waiting.
    private static let looks = 8

    /// A listening socket, and what serves its connections.
    struct Endpoint {
        let daemon: OpaquePointer
        /// Owned by the loop.
        let socket: Int32
        /// Gives its connections TLS sessions; nil: no TLS.
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
    /// Opened when `stopping` is set, for threads that sleep.
    private let stopped = Gate()
    private var threads: [Thread] = []

    /// - Parameters:
    ///   - daemons: those of the endpoints, each once
    ///   - turnedAway: takes the clients above the limits
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

    /// Requests handed over since the work was last done. Used by the polling thread only.
    private var handedOver = 0
    /// Whether the next wait for events begins without sleeping. Likewise.
    private var isKeen = false

    /// Exchanges that hold their connections, to be suspended after this run. Likewise.
    private var unsettled: [HTTPExchange] = []

    /// Exchanges that the gathered work may answer, to be suspended if it does not. Likewise.
    private var waiting: [HTTPExchange] = []

    /// A request was handed over; the work may answer it. Called by the polling thread.
    func noteHandedOver() { handedOver &+= 1 }

    /// An exchange holds its connection, which is suspended before the next wait for events. Called by the polling
    /// thread.
    /// - Parameter waitsForWork: whether the gathered work may answer it before that
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

    /// Stops accepting connections. `stop()` closes the listening sockets.
    func stopAccepting() { accepts.store(false, ordering: .releasing) }

    /// Ends the requests that are being read or answered, except those that are suspended.
    func cutOff() {
        cutsOff.store(true, ordering: .releasing)
        wake()
    }

    /// Ends the threads. Waiting work is not done.
    func stop() {
        stopping.store(true, ordering: .releasing)
        stopped.open()
        wake()
        for thread in threads { thread.join() }
        threads = []
        for listener in listeners { listener.close() }
    }

    /// Wakes the polling thread, to look at a resumed connection or at gathered work. Thread-safe.
    func wake() {
        // Sequentially consistent on both sides: either this thread sees `isPolling`, or the other one sees `isWoken`.
        guard !isWoken.exchange(true, ordering: .sequentiallyConsistent) else { return }
        if isPolling.load(ordering: .sequentiallyConsistent) { clinux_event_signal(wakeDescriptor) }
    }

    /// Polls while this thread holds the lease.
    private func poll() {
        // The previous holder's exchanges wait for the work that it is doing.
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
                // Something else answers those that wait, or a thread that is working already.
                settle()
                continue
            }
            gather()
            isKeen = handedOver == 1
            handedOver = 0
            guard performLendingTheLease(work) else { return }
            settle()
            // In the first run libmicrohttpd asks for the replies, in the second it sends them. Only then is more read
            // that has to wait for work.
            run()
            run()
        }
    }

    /// Runs libmicrohttpd, and settles the exchanges that do not wait for the gathered work.
    private func run() {
        for daemon in daemons { MHD_run(daemon) }
        if unsettled.isEmpty { return }
        for exchange in unsettled { exchange.settle() }
        unsettled.removeAll(keepingCapacity: true)
    }

    /// Suspends the connections that still have a hold.
    private func settle() {
        for exchange in unsettled { exchange.settle() }
        for exchange in waiting { exchange.settle() }
        unsettled.removeAll(keepingCapacity: true)
        waiting.removeAll(keepingCapacity: true)
    }

    /// Reads what arrived while the first requests of a batch were read, as long as that is more than a few. Never
    /// blocks: all others would wait in vain for a client that was just answered.
    private func gather() {
        var (before, looked) = (0, 0)
        while handedOver - before >= Self.worthwhile, looked < Self.looks {
            before = handedOver
            looked += 1
            run()
        }
    }

    /// Sleeps until there is something to do.
    /// - Returns: whether clients wait to be accepted, if that was checked
    private func waitForEvents() -> Bool {
        var timeout: UInt64?
        for daemon in daemons {
            var milliseconds: UInt64 = 0
            guard MHD_get_timeout(daemon, &milliseconds) == .YES else { continue }
            timeout = min(milliseconds, timeout ?? .max)
        }
        // A connection has more to be read or sent: libmicrohttpd looks for events itself as it runs.
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

    /// Does the work; false if another thread has the lease afterwards.
    private func performLendingTheLease(_ work: any GatheredWork) -> Bool {
        if lease.lend(during: work.perform) { return true }
        wake()
        // The other thread polls. While the work stays slow, this thread goes on with it, so that they need not change
        // places.
        while work.isWaiting, !stopping.load(ordering: .acquiring) {
            let begun = monotonicNanoseconds()
            work.perform()
            wake()
            if monotonicNanoseconds() - begun < PollingLease.patience { break }
        }
        return false
    }

    /// Polls when the other thread's work takes long.
    private func standBy() {
        while lease.takeOverdue(unless: stopped) { poll() }
    }
}
