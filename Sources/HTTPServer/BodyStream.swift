internal import Synchronization

/// Carries a body from the polling thread to a sink on a worker thread, a megabyte at a time.
///
/// Two parts: one fills while the sink takes the other. When both are full the connection is suspended, so a body is
/// read no faster than its sink takes it, and an upload holds 2 MiB of memory however large it is. A sink that looks at the
/// request's head has the connection suspended while it is at work: a client that leaves would take the head along.
final class BodyStream: @unchecked Sendable {
    // Sendable: all that changes is inside the mutex, but for the bytes of a part, which are the polling thread's until they
    // are counted.

    private struct State {
        var filling: BodyPart
        /// What the sink takes, or is about to.
        var handedOver: BodyPart?
        /// Memory that is used again need not be cleared again.
        var spare: BodyPart?
        var isWorking = false
        var waitsForRoom = false
        var hasEnded = false
        var isCancelled = false
        var failure: (any Error)?

        /// Whether the connection waits for room, which it does no longer after this.
        mutating func takeWaiting() -> Bool {
            defer { waitsForRoom = false }
            return waitsForRoom
        }

        /// Hands over what has come, where it is enough and the sink has nothing else.
        mutating func handOver() {
            guard handedOver == nil, filling.isFull || (hasEnded && filling.count > 0) else { return }
            handedOver = filling
            filling = spare ?? BodyPart(slack: filling.slack)
            spare = nil
        }
    }

    private let sink: any BodySink
    private unowned let exchange: HTTPExchange
    private let state: Mutex<State>

    init(sink: any BodySink, exchange: HTTPExchange) {
        self.sink = sink
        self.exchange = exchange
        state = Mutex(State(filling: BodyPart(slack: exchange.server.limits.connectionMemory)))
    }

    /// Whether the body can be read past libmicrohttpd, which is where the head is that the sink would look at.
    var mayReadSocket: Bool { !sink.readsTheHead }

    /// Takes bytes of the body, at most those of a connection's memory, all or none: false when there is no room, in which
    /// case the connection has been suspended and is resumed when there is.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let part = room() else { return false }
        part.put(bytes)
        add(bytes.count, to: part)
        return true
    }

    /// What came of reading a socket.
    enum Reading {
        case bytes(Int)
        /// There is nothing more for now: the socket has none, or there is no room and the connection has been suspended.
        case nothing
        /// The client has gone.
        case end
    }

    /// Takes what a socket has of the body.
    /// - Parameter size: bytes at most
    func read(_ socket: CInt, atMost size: Int) -> Reading {
        guard let part = room() else { return .nothing }
        guard let count = part.read(socket, atMost: size) else { return .nothing }
        if count == 0 { return .end }
        add(count, to: part)
        return .bytes(count)
    }

    /// The part in which there is room; nil where there is none, and the connection has been suspended.
    private func room() -> BodyPart? {
        state.withLock { state in
            // What comes behind a failure is thrown away.
            if state.failure != nil { state.filling.clear() }
            let mustWait = state.isWorking && sink.readsTheHead
            if !mustWait, !state.filling.isFull { return state.filling }
            state.waitsForRoom = true
            exchange.suspendForRoom()
            return nil
        }
    }

    /// Counts bytes that were put into the part that is filling, which may be full now.
    private func add(_ count: Int, to part: BodyPart) {
        let startsWork = state.withLock { state in
            part.add(count)
            if state.failure != nil { return false }
            state.handOver()
            guard state.handedOver != nil, !state.isWorking else { return false }
            state.isWorking = true
            if sink.readsTheHead {
                state.waitsForRoom = true
                exchange.suspendForRoom()
            }
            return true
        }
        if startsWork { exchange.server.workers.long.run { [self] in work() } }
    }

    /// The body is complete: the sink is told once it has taken all of it.
    func end() {
        let startsWork = state.withLock { state in
            state.hasEnded = true
            defer { state.isWorking = true }
            return !state.isWorking
        }
        if startsWork { exchange.server.workers.long.run { [self] in work() } }
    }

    /// The body will never be complete. After `end()` it is too late: the sink has the whole body and answers.
    func cancel() {
        let isIdle = state.withLock { state in
            guard !state.hasEnded, !state.isCancelled else { return false }
            state.isCancelled = true
            return !state.isWorking
        }
        if isIdle { exchange.server.workers.long.run { [sink] in sink.cancel() } }
    }

    private func work() {
        enum Step {
            case receive(BodyPart)
            case cancel
            case finish((any Error)?)
            case rest
        }
        while true {
            let (step, resumes): (Step, Bool) = state.withLock { state in
                if state.isCancelled { return (.cancel, false) }
                if state.failure == nil {
                    state.handOver()
                    if let part = state.handedOver {
                        return (.receive(part), sink.readsTheHead ? false : state.takeWaiting())
                    }
                }
                if state.hasEnded { return (.finish(state.failure), false) }
                state.isWorking = false
                return (.rest, state.takeWaiting())
            }
            if resumes { exchange.resumeForRoom() }
            switch step {
            case .receive(let part):
                var failure: (any Error)?
                do { try sink.receive(part.bytes) } catch { failure = error }
                state.withLock {
                    part.clear()
                    ($0.spare, $0.handedOver) = (part, nil)
                    $0.failure = failure
                }
            case .cancel:
                sink.cancel()
                return
            case .finish(let failure):
                sink.finish(exchange, failure: failure)
                return
            case .rest: return
            }
        }
    }
}
