internal import Limits
internal import Synchronization

/// Carries a body from the polling thread to a sink on a worker thread, part by part.
///
/// There are two parts: one fills while the sink takes the other. They are small at first. If the client is faster than
/// the sink and there is memory, they grow to a megabyte. If one is full while the sink is still busy with the other,
/// the connection is held: a body is read no faster than its sink takes it.
final class BodyStream: Sendable {
    private struct State {
        var filling: BodyPart?
        /// An empty part to be filled again: its memory need not be cleared.
        var spare: BodyPart?
        var isWorking = false
        var hasEnded = false
        var isCancelled = false
        var failure: (any Error)?

        /// The part that the sink takes next; nil if none is ready.
        mutating func takePart() -> BodyPart? {
            guard failure == nil, let part = filling,
                part.count >= BodyPart.enough || (hasEnded && part.count > 0)
            else { return nil }
            filling = nil
            return part
        }

        /// Notes that a job runs.
        /// - Returns: whether the caller has to start it
        mutating func startWork() -> Bool {
            defer { isWorking = true }
            return !isWorking
        }
    }

    private let sink: any BodySink
    private unowned let exchange: HTTPExchange
    /// A share of the memory for all bodies: two small parts, and what is read ahead.
    private let memory: Reserve.Share
    private let state = Mutex(State())

    /// Bytes that a stream needs.
    static func memory(_ limits: ServerLimits) -> Int {
        2 * (BodyPart.enough + limits.connectionMemory) + RequestReader.stride
    }

    init(sink: any BodySink, exchange: HTTPExchange, memory: Reserve.Share) {
        self.sink = sink
        self.exchange = exchange
        self.memory = memory
    }

    /// Takes all of these bytes of the body. On the polling thread.
    func take(_ bytes: UnsafeRawBufferPointer) {
        let startsWork = state.withLock { state in
            // Bytes after a failure are discarded.
            guard state.failure == nil, !state.isCancelled else { return false }
            let part =
                state.filling ?? state.spare ?? BodyPart(slack: exchange.server.limits.connectionMemory)
            if state.filling == nil { (state.filling, state.spare) = (part, nil) }
            part.append(bytes)
            guard part.isFull else { return false }
            if state.startWork() { return true }
            // Under the lock, as the release is: otherwise the release could come first, and the connection would stay
            // held.
            if !part.grow(from: exchange.server.bodyGrowth) { exchange.hold(.room) }
            return false
        }
        if startsWork { run() }
    }

    /// The body is complete. The sink's `finish` is called once it has taken all of it.
    func end() {
        let startsWork = state.withLock { state in
            state.hasEnded = true
            return state.startWork()
        }
        if startsWork { run() }
    }

    /// The body will never be complete. Has no effect after `end()`: the sink then has the whole body, and answers.
    func cancel() {
        let isIdle = state.withLock { state in
            guard !state.hasEnded, !state.isCancelled else { return false }
            state.isCancelled = true
            (state.filling, state.spare) = (nil, nil)
            return !state.isWorking
        }
        if isIdle { exchange.server.workers.long.run { [sink] in sink.cancel() } }
    }

    private func run() {
        exchange.server.workers.long.run { [self, exchange] in withExtendedLifetime(exchange) { work() }
        }
    }

    private func work() {
        enum Step {
            case receive(BodyPart)
            case cancel
            case finish((any Error)?)
            case rest
        }
        while true {
            let step: Step = state.withLock { state in
                if state.isCancelled { return .cancel }
                let part = state.takePart()
                exchange.release(.room)
                if let part { return .receive(part) }
                if state.hasEnded {
                    (state.filling, state.spare) = (nil, nil)
                    return .finish(state.failure)
                }
                state.isWorking = false
                return .rest
            }
            switch step {
            case .receive(let part):
                var failure: (any Error)?
                do { try sink.receive(part.bytes) } catch { failure = error }
                part.clear()
                state.withLock { state in
                    if let failure {
                        state.failure = failure
                        (state.filling, state.spare) = (nil, nil)
                    } else if state.spare == nil, !state.isCancelled {
                        state.spare = part
                    }
                }
            case .cancel:
                sink.cancel()
                return
            case .finish(let failure):
                // Before the reply: after it the client may send the next body.
                memory.giveBack()
                sink.finish(exchange, failure: failure)
                return
            case .rest: return
            }
        }
    }
}
