internal import DequeModule
internal import Glibc
internal import Synchronization

/// The body of a reply that is made over time. It is sent in chunks (RFC 9112 section 7.1); to a client of HTTP/1.0,
/// until the connection closes. If its size is known before, it is sent like any other body.
///
/// A buffer with a limit sits between the writer and the client. Parts are kept as they are given, so that a part that
/// goes to many clients is in memory once. While the buffer is empty, the connection is suspended and costs nothing.
/// There are two ways to fill it:
/// - `write(_:)` never waits, and returns false if there is no room. It is for writers that serve many clients and drop
///   the slow ones.
/// - A source (`init(limit:size:on:source:)`) is asked on a worker for the next part when there is room. No thread
///   waits.
///
/// One stream is the body of one reply. A client that reads nothing for `ServerLimits.bodySeconds` is dropped.
package final class ResponseStream: @unchecked Sendable {
    // Sendable: all that changes is inside the mutex.

    /// Makes the next part; nil at the end. If it throws, the reply is cut off; the source has to log why.
    package typealias Source = @Sendable () throws -> [UInt8]?

    struct State: Sendable {
        var parts: Deque<[UInt8]> = []
        /// Bytes of the first part that were sent.
        var offset = 0
        var buffered = 0
        var sent = 0
        var isFinished = false
        var isAborted = false
        /// The reply is over, successfully or not.
        var isOver = false
        /// The exchange of the reply, until that is over.
        var exchange: HTTPExchange?
        /// Whether the connection is held until there is more to send.
        var isHeld = false
        var source: Source?
        var isAskingSource = false
        /// Bytes of the whole body; nil: unknown.
        var size: Int?

        var isOpen: Bool { !isFinished && !isAborted && !isOver }

        /// Lets the connection go on.
        mutating func release() {
            if isHeld { exchange?.release(.stream) }
            isHeld = false
        }
    }

    /// Whether the stream goes on until somebody ends it, such as one of events. The server's stop ends it at once;
    /// others get their time to finish.
    let isEndless: Bool
    let limit: Int
    /// The threads that run the source.
    let threads: Workers.Kind
    let state = Mutex(State())
    let whenOver: @Sendable () -> Void

    /// A stream for `write(_:)`.
    /// - Parameters:
    ///   - limit: bytes that may wait for the client
    ///   - isEndless: whether it goes on until somebody ends it
    ///   - threads: those that run a source
    ///   - whenOver: called once when nothing will be sent any more: everything was sent, the client has gone, or the
    ///     request was HEAD. On the polling thread: must not block
    package init(
        limit: Int = 256 << 10, isEndless: Bool = false, on threads: Workers.Kind = .long,
        whenOver: @escaping @Sendable () -> Void = {}
    ) {
        self.limit = limit
        self.threads = threads
        self.isEndless = isEndless
        self.whenOver = whenOver
    }

    /// A stream that asks a source for its parts, one at a time, on worker threads.
    /// - Parameter size: bytes of all parts; nil: unknown. If the source ends earlier, the reply is cut off
    package convenience init(
        limit: Int = 256 << 10, size: Int? = nil, on threads: Workers.Kind = .long, source: @escaping Source
    ) {
        self.init(limit: limit, on: threads)
        state.withLock { ($0.source, $0.size) = (source, size) }
    }

    /// Bytes of the whole body; nil: unknown.
    package var size: Int? { state.withLock { $0.size } }

    /// Whether a source makes its parts.
    package var hasSource: Bool { state.withLock { $0.source != nil } }

    /// Compresses what the source makes. Call it before the reply is given.
    package func packSource() throws(GzipEncoder.Failure) {
        let source = state.withLock { $0.source }
        guard let source else { return }
        let packed = try GzipEncoder.encode(source)
        state.withLock { ($0.source, $0.size) = (packed, nil) }
    }

    /// Bytes that were taken for sending.
    var sentBytes: Int { state.withLock { $0.sent } }

    /// Adds a part if there is room. A part larger than the limit has room if nothing waits.
    /// - Returns: false if it was not taken: the buffer is full, the client has gone, or the stream was ended
    package func write(_ part: [UInt8]) -> Bool {
        state.withLock { state in
            guard state.isOpen, hasRoom(for: part, state) else { return false }
            add(part, &state)
            return true
        }
    }

    /// Adds a part whether there is room or not.
    func append(_ part: [UInt8]) {
        state.withLock { state in
            if state.isOpen { add(part, &state) }
        }
    }

    /// The body is complete. Waiting parts are still sent.
    package func finish() { end { $0.isFinished = true } }

    /// Cuts the connection, so that the client sees that the body is incomplete. Waiting parts are discarded.
    package func abort() {
        end { state in
            state.isAborted = true
            // A client that does not read is not waited for. The socket is still open: the exchange is over before it
            // is closed.
            if let client = state.exchange?.client, !state.isHeld {
                client.endBothWays()
            }
        }
    }

    private func end(_ change: (inout State) -> Void) {
        state.withLock { state in
            guard !state.isAborted, !state.isOver else { return }
            change(&state)
            state.release()
        }
    }

    private func hasRoom(for part: [UInt8], _ state: State) -> Bool {
        state.buffered == 0 || state.buffered + part.count <= limit
    }

    private func add(_ part: [UInt8], _ state: inout State) {
        if part.isEmpty { return }
        state.parts.append(part)
        state.buffered += part.count
        state.release()
    }
}
