/// The one seam between HTTP and what is served: everything above it implements this protocol.
///
/// Handlers are made of handlers: `AccessChecks` checks requests before another handler gets them, `PrefixedHandlers`
/// chooses a handler by the path. They return that handler's plan, which says who answers.
package protocol HTTPHandler: Sendable {
    /// A request's head has arrived. Returns what to do with the body, and who answers. Called on the polling thread:
    /// must not block.
    func accept(_ exchange: HTTPExchange) -> BodyPlan

    /// The reply to an error outside of the handler: in the server (`HTTPFault`) or in a check. The exchange is nil if
    /// the head could not be read.
    /// - Parameter id: the request's, which the server puts in the reply's head
    func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse

    /// A request is over: its reply was sent, or its client has gone. This is for counting. Called on the polling
    /// thread, one call at a time.
    func completed(_ exchange: HTTPExchange)
}

/// What happens to a request's body.
package enum BodyPlan: Sendable {
    /// Collect it in `exchange.body`, at most `limit` bytes, and call `then` once the whole request has arrived. `then`
    /// is called on the polling thread and must not block. The reply may be given later, from any thread, with
    /// `exchange.respond(_:)`.
    case collect(limit: Int, then: @Sendable (HTTPExchange) -> Void)
    /// Pass it to a sink as it arrives, at most `limit` bytes.
    case stream(any BodySink, limit: Int)
    /// Read no more of it than needed, and send this reply.
    case refuse(HTTPResponse)
}

/// Takes a body that is too large to collect. Its methods are called one at a time, on worker threads, and may block.
package protocol BodySink: Sendable {
    /// The next part of the body, valid until this returns.
    func receive(_ part: UnsafeRawBufferPointer) throws

    /// The body is complete, or failed with `failure` (thrown by `receive`). Has to answer `exchange`.
    func finish(_ exchange: HTTPExchange, failure: (any Error)?)

    /// The client has gone, or the body was refused midway: nothing of it may remain.
    func cancel()
}

/// A fault in a request that the server finds before the handler sees it.
package enum HTTPFault: Error, Equatable {
    /// The request target is longer than `limit` bytes: 414.
    case targetTooLong(limit: Int)
    /// The head is longer than `limit` bytes: 431.
    case headTooLarge(limit: Int)
    /// The head has more than `limit` fields, those of the query counted too: 431.
    case tooManyFields(limit: Int)
    /// The body is longer than `limit` bytes: 413.
    case bodyTooLarge(limit: Int)
    /// There is no memory for the body beside the others that are being read: 503.
    case noMemory
    /// `Transfer-Encoding` names something other than `chunked`: 501.
    case unknownTransferCoding
    /// `Expect` asks for something other than `100-continue`: 417.
    case expectationFailed
    /// The request is not framed as HTTP/1.1 says: 400, 413 or 505.
    case framing(FramingFault)
    /// libmicrohttpd refused the request by itself, with this status.
    case malformed(status: Int)
    /// The limit of connections is reached: 503.
    case tooManyConnections
    /// A plain HTTP request on a port with TLS: 400.
    case notEncrypted
    /// The client has gone, or closed its sending side long ago: 503, which it hardly sees.
    case abandoned
    /// The server is shutting down: 503.
    case shuttingDown

    package var status: Int {
        switch self {
        case .targetTooLong: 414
        case .headTooLarge, .tooManyFields: 431
        case .bodyTooLarge: 413
        case .expectationFailed: 417
        case .notEncrypted: 400
        case .unknownTransferCoding: 501
        case .framing(let fault): fault.status
        case .malformed(let status): status
        case .noMemory, .tooManyConnections, .abandoned, .shuttingDown: 503
        }
    }
}

/// Work that gathers while requests are read, and is done between two polls for all of them at once.
///
/// This makes group commits possible without handing requests from thread to thread: the thread that polled does the
/// work itself. If that takes long (a slow disk), another thread takes over the polling meanwhile; see `PollingLoop`.
package protocol GatheredWork: Sendable {
    /// Whether anything waits.
    var isWaiting: Bool { get }

    /// Does all waiting work; returns at once if another thread is doing it. May block.
    func perform()
}
