internal import DequeModule
internal import Glibc
internal import Synchronization

/// The body of a reply that comes over time: what is written to it goes out in chunks (RFC 9112 section 7.1), to a
/// client of HTTP/1.0 until the connection closes. If its size is known before, it goes out as any other body.
///
/// Between who writes and the client stands a buffer with a limit. Parts are kept as they are given, so that a part
/// that goes to many clients is in memory once. While the buffer is empty the connection is suspended and costs
/// nothing. Two ways to fill it:
/// - `write(_:)` never waits, and says when there is no room: for who serves many clients and drops the slow ones;
/// - a source (`init(limit:source:)`) is asked on a worker for the next part when there is room: waits without a
///   thread.
///
/// One stream is the body of one reply. A client that reads nothing for `ServerLimits.bodySeconds` is dropped.
package final class ResponseStream: @unchecked Sendable {
    // Sendable: all that changes is inside the mutex.

    /// Makes the next part; nil at the end. One that throws cuts the reply off: it has to log why.
    package typealias Source = @Sendable () throws -> [UInt8]?

    struct State: Sendable {
        var parts: Deque<[UInt8]> = []
        /// Bytes of the first part that were sent.
        var offset = 0
        var buffered = 0
        var sent = 0
        var isFinished = false
        var isAborted = false
        /// The reply is over, well or badly.
        var isOver = false
        /// Whose reply it is the body of, until that is over.
        var exchange: HTTPExchange?
        /// Whether the connection is held until there is more to send.
        var isHeld = false
        var source: Source?
        var isAskingSource = false
        /// Bytes of the whole; nil: that is not known.
        var size: Int?

        var isOpen: Bool { !isFinished && !isAborted && !isOver }

        /// Lets the connection go on.
        mutating func release() {
            if isHeld { exchange?.release(.stream) }
            isHeld = false
        }
    }

    /// Whether the stream goes on until somebody ends it, as one of events does. The server's stop then ends it at
    /// once, where others get their time to finish.
    let isEndless: Bool
    let limit: Int
    /// The threads on which the source is asked.
    let threads: Workers.Kind
    let state = Mutex(State())
    let whenOver: @Sendable () -> Void

    /// A stream that is written to.
    /// - Parameters:
    ///   - limit: bytes that may wait for the client
    ///   - isEndless: whether it goes on until somebody ends it
    ///   - threads: those on which a source is asked
    ///   - whenOver: called once when nothing will be sent any more: all was, the client has gone, or the reply was to
    ///     HEAD. On the polling thread: must not block
    package init(
        limit: Int = 256 << 10, isEndless: Bool = false, on threads: Workers.Kind = .long,
        whenOver: @escaping @Sendable () -> Void = {}
    ) {
        self.limit = limit
        self.threads = threads
        self.isEndless = isEndless
        self.whenOver = whenOver
    }

    /// A stream that asks for its parts, one at a time, on worker threads.
    /// - Parameter size: bytes of all parts; nil: that is not known. A source that ends before cuts the reply off
    package convenience init(
        limit: Int = 256 << 10, size: Int? = nil, on threads: Workers.Kind = .long, source: @escaping Source
    ) {
        self.init(limit: limit, on: threads)
        state.withLock { ($0.source, $0.size) = (source, size) }
    }

    /// Bytes of the whole; nil: that is not known.
    package var size: Int? { state.withLock { $0.size } }

    /// Whether it is made of a source's parts.
    package var hasSource: Bool { state.withLock { $0.source != nil } }

    /// Packs what the source makes. Before the reply is given.
    package func packSource() throws(GzipEncoder.Failure) {
        let source = state.withLock { $0.source }
        guard let source else { return }
        let packed = try GzipEncoder.encode(source)
        state.withLock { ($0.source, $0.size) = (packed, nil) }
    }

    /// Bytes that were taken for sending.
    var sentBytes: Int { state.withLock { $0.sent } }

    /// Adds a part if there is room. A part that is larger than the limit has room when nothing waits.
    /// - Returns: false when it was not taken: the buffer is full, the client has gone, or the stream was ended
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

    /// The body is complete; what waits is still sent.
    package func finish() { end { $0.isFinished = true } }

    /// Cuts the connection, so that the client sees that the body is not complete. What waits is thrown away.
    package func abort() {
        end { state in
            state.isAborted = true
            // A client that does not read is not waited for. The socket is open: the exchange is over before it is
            // closed.
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
