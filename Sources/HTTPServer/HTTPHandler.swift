/// The one seam between HTTP and what is served: everything above it implements this protocol.
///
/// Handlers are made of handlers: `AccessChecks` look at requests before another one does, `PrefixedHandlers` chooses
/// one by the path. They pass the plan on, and with it who answers.
package protocol HTTPHandler: Sendable {
    /// A request's head is here. Says what to do with the body, and who answers. Called on the polling thread: must not
    /// block.
    func accept(_ exchange: HTTPExchange) -> BodyPlan

    /// The reply to an error that came up outside of the handler: in the server (`HTTPFault`) or in a check. There is
    /// no exchange where the head could not be read.
    /// - Parameter id: the request's, which the server puts in the reply's head
    func response(to error: any Error, of id: RequestID, in exchange: HTTPExchange?) -> HTTPResponse

    /// A request is over: its reply was sent, or its client has gone. Called on the polling thread, one call after the
    /// other: for counting.
    func completed(_ exchange: HTTPExchange)
}

/// What happens to a request's body.
package enum BodyPlan: Sendable {
    /// Gather it in `exchange.body`, `limit` bytes at most, and call `then` once the whole request is here. It is
    /// called on the polling thread and must not block. The reply may be given later, from any thread, by
    /// `exchange.respond(_:)`.
    case collect(limit: Int, then: @Sendable (HTTPExchange) -> Void)
    /// Hand it to a sink as it comes, `limit` bytes at most.
    case stream(any BodySink, limit: Int)
    /// Read no more of it than needed, and reply with this.
    case refuse(HTTPResponse)
}

/// Takes a body that is too large to gather. Its methods are called one after the other on worker threads and may
/// block.
package protocol BodySink: Sendable {
    /// The next part of the body, valid until this returns.
    func receive(_ part: UnsafeRawBufferPointer) throws

    /// The body is complete, or `failure` came in its way (thrown by `receive`). Has to answer `exchange`.
    func finish(_ exchange: HTTPExchange, failure: (any Error)?)

    /// The client is gone, or the body was refused midway: nothing of it may remain.
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
    /// There is no memory for the body, as others are being read: 503.
    case noMemory
    /// `Transfer-Encoding` names something other than `chunked`: 501.
    case unknownTransferCoding
    /// `Expect` asks for something other than `100-continue`: 417.
    case expectationFailed
    /// The request is not framed as HTTP/1.1 says: 400, 413 or 505.
    case framing(FramingFault)
    /// libmicrohttpd refused the request by itself, with this status.
    case malformed(status: Int)
    /// There are as many connections as there may be: 503.
    case tooManyConnections
    /// A client speaks plain HTTP where TLS is spoken: 400.
    case notEncrypted
    /// The client has gone, or closed its side of the connection long ago: 503, which it hardly sees.
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

/// Work that gathers while requests are read and is done between two polls, for all of them at once.
///
/// This is how a group commit comes without handing requests from thread to thread: the thread that polled does the
/// work itself. When that takes long (a slow disk), another thread takes over the polling meanwhile; see `PollingLoop`.
package protocol GatheredWork: Sendable {
    /// Whether anything waits.
    var isWaiting: Bool { get }

    /// Does all that waits; returns at once if another thread is at it. May block.
    func perform()
}
