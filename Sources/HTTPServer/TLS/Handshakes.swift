internal import CGnuTLS
internal import CLinux
internal import Glibc
internal import Synchronization
internal import Threads

/// Connections to a TLS port until their handshake is done, on a thread of their own.
///
/// A handshake takes a millisecond of computing or more, and a client may leave it unfinished. So the polling thread
/// hands over what it accepts, and takes back the connections whose session is ready. A handshake may take as long as a
/// request's head. A client that speaks plain HTTP gets an answer that says so.
final class Handshakes: @unchecked Sendable {
    // Sendable: `arrivals` are the thread's own; all else is constant, atomic, or inside the mutex.

    /// A connection whose handshake is done. The taker owns the socket and the session.
    struct Done: @unchecked Sendable {
        // Sendable: one thread owns the session: the handshakes' thread, then the polling thread.
        let socket: Int32
        let session: OpaquePointer
        fileprivate let address: String?
    }

    private struct Shared {
        var new: [(socket: Int32, address: String?)] = []
        /// Connections that are not taken yet, by address.
        var counts: [String: Int] = [:]
        var done: [Done] = []
        var isStopping = false

        mutating func forget(_ address: String?) {
            guard let address, let count = counts[address] else { return }
            counts[address] = count == 1 ? nil : count - 1
        }
    }

    /// How often deadlines are checked, milliseconds.
    private static let interval: Int32 = 250
    /// Descriptors that are handled in one round.
    private static let most = 64

    private let credentials: TLSCredentials
    private unowned let server: HTTPServer
    private let shared = Mutex(Shared())
    private let hasDone = Atomic<Bool>(false)
    private let connections = Atomic<Int>(0)
    private let set = clinux_poll_set()
    private let bell = clinux_event()
    private var arrivals: [Int32: Arrival] = [:]
    private var thread: Thread?

    init(credentials: TLSCredentials, server: HTTPServer) {
        (self.credentials, self.server) = (credentials, server)
        clinux_poll_add(set, bell, CLINUX_READABLE)
        thread = Thread(named: "handshakes") { [unowned self] in run() }
    }

    deinit {
        close(set)
        close(bell)
    }

    /// The number of connections that are not taken yet.
    var count: Int { connections.load(ordering: .acquiring) }

    /// The same from one address.
    func count(of address: String) -> Int { shared.withLock { $0.counts[address] ?? 0 } }

    /// Starts the handshake of a connection, and owns its socket from here on.
    /// - Parameter address: the client's, if connections are limited by it
    func add(_ socket: Int32, from address: String?) {
        connections.wrappingAdd(1, ordering: .acquiringAndReleasing)
        let isTaken = shared.withLock { shared in
            if let address { shared.counts[address, default: 0] += 1 }
            if !shared.isStopping { shared.new.append((socket, address)) }
            return !shared.isStopping
        }
        if isTaken { clinux_event_signal(bell) } else { drop(socket, from: address) }
    }

    /// Takes the connections whose handshake is done.
    func take() -> [Done] {
        guard hasDone.exchange(false, ordering: .acquiringAndReleasing) else { return [] }
        let done = shared.withLock { shared in
            defer { shared.done = [] }
            for done in shared.done { shared.forget(done.address) }
            return shared.done
        }
        connections.wrappingSubtract(done.count, ordering: .acquiringAndReleasing)
        return done
    }

    /// Closes all connections that are not taken, and ends the thread.
    func stop() {
        let wasStopping = shared.withLock { shared in
            defer { shared.isStopping = true }
            return shared.isStopping
        }
        guard !wasStopping else { return }
        clinux_event_signal(bell)
        thread?.join()
        for done in take() {
            cgnutls_session_end(done.session)
            close(done.socket)
        }
    }

    // MARK: The thread

    private func run() {
        var ready = [Int32](repeating: 0, count: Self.most)
        var lastLook = monotonicNanoseconds()
        while !shared.withLock({ $0.isStopping }) {
            let count = clinux_poll_wait(set, &ready, ready.count, arrivals.isEmpty ? -1 : Self.interval)
            let now = monotonicNanoseconds()
            for socket in ready[..<count] {
                if socket == bell {
                    clinux_event_clear(bell)
                } else if let arrival = arrivals[socket] {
                    advance(arrival, now)
                }
            }
            begin(now)
            if now - lastLook > UInt64(Self.interval) * 1_000_000 {
                lastLook = now
                for arrival in arrivals.values where arrival.deadline < now { end(arrival) }
            }
        }
        for arrival in arrivals.values { end(arrival) }
        for (socket, address) in shared.withLock({ $0.new }) { drop(socket, from: address) }
    }

    /// Starts the handshakes of connections that were handed over.
    private func begin(_ now: UInt64) {
        let new = shared.withLock { shared in
            defer { shared.new = [] }
            return shared.new
        }
        for (socket, address) in new {
            guard clinux_poll_add(set, socket, CLINUX_READABLE) == 0 else {
                drop(socket, from: address)
                continue
            }
            let arrival = Arrival(
                socket, from: address, deadline: now + UInt64(server.limits.headSeconds) * 1_000_000_000)
            arrivals[socket] = arrival
            // The first bytes have often arrived already.
            advance(arrival, now)
        }
    }

    private func advance(_ arrival: Arrival, _ now: UInt64) {
        switch arrival.advance(with: credentials, limit: server.limits.discarded, refusal: refusal, now: now) {
        case .reads: wait(arrival, for: CLINUX_READABLE)
        case .writes: wait(arrival, for: CLINUX_WRITABLE)
        case .ended: end(arrival)
        case .done(let session):
            arrivals[arrival.socket] = nil
            clinux_poll_remove(set, arrival.socket)
            shared.withLock { $0.done.append(Done(socket: arrival.socket, session: session, address: arrival.address)) }
            hasDone.store(true, ordering: .releasing)
            server.wake()
        }
    }

    private func wait(_ arrival: Arrival, for wish: clinux_wish) {
        guard arrival.wish != wish else { return }
        arrival.wish = wish
        clinux_poll_change(set, arrival.socket, wish)
    }

    private func end(_ arrival: Arrival) {
        arrivals[arrival.socket] = nil
        arrival.endSession()
        drop(arrival.socket, from: arrival.address)
    }

    private func drop(_ socket: Int32, from address: String?) {
        close(socket)
        shared.withLock { $0.forget(address) }
        connections.wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }

    /// The reply to a client that speaks plain HTTP.
    private func refusal() -> [UInt8] {
        let id = RequestID.next()
        return server.handler.response(to: HTTPFault.notEncrypted, of: id, in: nil).serialized(as: id)
    }
}
