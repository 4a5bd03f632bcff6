internal import Synchronization

/// Carries a body from the polling thread to a sink on a worker thread, a megabyte at a time.
///
/// Two buffers: one fills while the sink takes the other. When both are full the connection is suspended, so a body is
/// read no faster than its sink takes it, and an upload holds 2 MiB of memory however large it is. A sink that looks at the
/// request's head has the connection suspended while it is at work: a client that leaves would take the head along.
final class BodyStream: @unchecked Sendable {
    // Sendable: all that changes is inside the mutex.

    private struct State {
        var filling: [UInt8] = []
        /// Empty, with the room of a part that the sink has taken: memory that is used again need not be cleared again.
        var taken: [UInt8] = []
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
    }

    private static let partSize = 1 << 20

    private let sink: any BodySink
    private unowned let exchange: HTTPExchange
    private let state = Mutex(State())

    init(sink: any BodySink, exchange: HTTPExchange) {
        self.sink = sink
        self.exchange = exchange
    }

    /// Takes a part of the body, all of it or none: false when there is no room, in which case the connection has been
    /// suspended and is resumed when there is.
    func append(_ part: UnsafeRawBufferPointer) -> Bool {
        enum Next { case taken, startWork, wait }
        let next: Next = state.withLock { state in
            if state.failure != nil { return .taken }
            if state.isWorking, sink.readsTheHead {
                state.waitsForRoom = true
                exchange.suspendForRoom()
                return .wait
            }
            if state.filling.count + part.count > Self.partSize, state.isWorking {
                state.waitsForRoom = true
                exchange.suspendForRoom()
                return .wait
            }
            if state.filling.isEmpty { state.filling.reserveCapacity(Self.partSize + part.count) }
            state.filling.append(contentsOf: part)
            guard state.filling.count >= Self.partSize, !state.isWorking else { return .taken }
            state.isWorking = true
            if sink.readsTheHead {
                state.waitsForRoom = true
                exchange.suspendForRoom()
            }
            return .startWork
        }
        switch next {
        case .taken: return true
        case .startWork:
            exchange.server.workers.run { [self] in work() }
            return true
        case .wait:
            return false
        }
    }

    /// The body is complete: the sink is told once it has taken all of it.
    func end() {
        let startsWork = state.withLock { state in
            state.hasEnded = true
            defer { state.isWorking = true }
            return !state.isWorking
        }
        if startsWork { exchange.server.workers.run { [self] in work() } }
    }

    /// The body will never be complete. After `end()` it is too late: the sink has the whole body and answers.
    func cancel() {
        let isIdle = state.withLock { state in
            guard !state.hasEnded, !state.isCancelled else { return false }
            state.isCancelled = true
            return !state.isWorking
        }
        if isIdle { exchange.server.workers.run { [sink] in sink.cancel() } }
    }

    private func work() {
        enum Step {
            case receive([UInt8])
            case cancel
            case finish((any Error)?)
            case rest
        }
        while true {
            let (step, resumes): (Step, Bool) = state.withLock { state in
                if state.isCancelled { return (.cancel, false) }
                let isDue = state.filling.count >= Self.partSize || state.hasEnded || state.waitsForRoom
                if state.failure == nil, isDue, !state.filling.isEmpty {
                    let part = state.filling
                    state.filling = state.taken
                    state.taken = []
                    return (.receive(part), sink.readsTheHead ? false : state.takeWaiting())
                }
                if state.hasEnded { return (.finish(state.failure), false) }
                state.isWorking = false
                return (.rest, state.takeWaiting())
            }
            if resumes { exchange.resumeForRoom() }
            switch step {
            case .receive(var part):
                do {
                    try sink.receive(part)
                    part.removeAll(keepingCapacity: true)
                    state.withLock { $0.taken = part }
                } catch {
                    state.withLock {
                        $0.failure = error
                        $0.filling = []
                    }
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
