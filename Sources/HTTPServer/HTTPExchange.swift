internal import CMicroHTTPD
internal import Glibc
internal import Limits
internal import Synchronization
internal import Threads

/// One request and its reply.
///
/// It is made when the request's head is complete, and ends when the reply was sent or the client has gone. The handler
/// answers it once, from any thread, at any time. A connection that waits is suspended and costs nothing.
package final class HTTPExchange: @unchecked Sendable {
    // Sendable: `plan`, `body` and the other variables are used by the polling thread only; after the handover to the
    // handler, by the thread that answers. `state` hands the response over between the two.

    /// The request's id, which its reply has in the header `Request-Id`.
    package let id = RequestID.next()
    package let method: HTTPMethod
    /// The path as it was sent, with its escapes.
    package let path: [UInt8]
    /// Whether the client speaks HTTP/1.0.
    package internal(set) var isHTTP10 = false
    /// The whole body, if it was collected.
    package internal(set) var body: [UInt8] = []
    /// A number that the handler sets, to be found again in `completed(_:)`.
    package var tag = 0
    /// What the handler knows of the request before it accepts it; and the sender, as found by a check before the
    /// handler.
    package var context: AnyObject?, identity: AnyObject?
    /// Names of what the request turned out to be about, if its path does not say. Set them before the reply.
    package var subjects: [String] = []
    /// Header fields of the reply, whatever it is. Set them before the handler accepts the request.
    package var replyHeaders: [(name: String, value: String)] = []
    /// The status of the reply; 0 before there is one.
    package private(set) var status = 0
    /// Nanoseconds from the complete head to the reply's start; 0 before there is a reply.
    package private(set) var nanoseconds: UInt64 = 0
    private let startedAt = monotonicNanoseconds()

    /// Bytes of the body that have arrived.
    package var receivedBytes: Int { received + discarded }
    /// Bytes of the reply's body, as far as known; of a stream, those taken for sending.
    package var sentBytes: Int { hasNoBody(status) ? 0 : queued?.bodySize ?? 0 }

    let client: Connection?
    /// libmicrohttpd's handle for the connection.
    let connection: OpaquePointer
    unowned let server: HTTPServer

    let state = ConnectionState()
    private var response: PreparedResponse?
    /// The response that was handed to libmicrohttpd.
    private var queued: PreparedResponse?
    /// Whether the handler has the whole request.
    private(set) var isHandedOver = false
    /// The job given to `handOver`, until the connection waits for it.
    var handedOver: (kind: Workers.Kind, job: @Sendable () -> Void)?
    /// Whether the polling loop has it in its list to settle, and what begins once it is settled.
    private var isUnsettled = false
    private var whenSettled: [() -> Void] = []

    // State of `HTTPExchange+Receiving` and `HTTPExchange+Refusing`.

    /// What to do with the body; nil before that is known, and after the handover of the request.
    var plan: BodyPlan?
    var stream: BodyStream?
    /// The memory that a collected body holds, and how many of its bytes are accounted for.
    var memory: Reserve.Share?
    var accounted = HTTPExchange.unaccounted
    /// The reply to a refused request, whose body is discarded.
    var refusal: HTTPResponse?
    /// Why the head was refused; libmicrohttpd has not seen that head.
    var headFault: HTTPFault?
    /// A refusal that is sent without libmicrohttpd, if there is one.
    var direct: DirectRefusal?
    /// Bytes of the head, bytes of the body that were taken, and bytes of the body that were discarded.
    var headSize = 0, received = 0, discarded = 0
    /// Bytes that are free for a reply's head for sure.
    var replyRoom = 0

    init(connection: OpaquePointer, client: Connection?, method: HTTPMethod, path: [UInt8], server: HTTPServer) {
        self.connection = connection
        self.client = client
        self.method = method
        self.path = path
        self.server = server
    }

    // MARK: The request

    /// The announced length of the body in bytes; nil if the body is chunked or there is none.
    package private(set) lazy var contentLength: Int? = readContentLength()

    /// Whether the body is chunked (RFC 9112 section 7.1).
    package private(set) lazy var isChunked = headerBytes("Transfer-Encoding") != nil

    /// Whether this server encrypts the connection. (A proxy in front of it may encrypt the client's.)
    package var isEncrypted: Bool { client?.isEncrypted ?? false }

    /// Moves the collected body out of the exchange.
    package func takeBody() -> [UInt8] {
        let taken = body
        body = []
        return taken
    }

    // MARK: The reply

    /// Answers. Only the first answer counts. Thread-safe.
    package func respond(_ response: HTTPResponse) {
        guard state.claim() else { return }
        let prepared = self.prepared(response)
        self.response = prepared
        let (resumes, isOver) = state.answer()
        if resumes { resume() }
        if isOver { prepared.stream?.detach() }
    }

    // MARK: Waiting

    /// Whether libmicrohttpd leaves the connection alone.
    var isSuspended: Bool { state.isSuspended }

    /// Makes the connection wait. On the polling thread.
    /// - Parameter begin: is called once the connection is suspended, so that the connection stays meanwhile. If nil,
    ///   the gathered work may answer, which is done before the connection is suspended
    func hold(_ hold: ConnectionState.Hold, then begin: (() -> Void)? = nil) {
        state.hold(hold)
        if let begin { whenSettled.append(begin) }
        guard !isUnsettled else { return }
        isUnsettled = true
        server.noteUnsettled(self, waitsForWork: hold == .reply && begin == nil)
    }

    /// Releases a hold. Thread-safe.
    func release(_ hold: ConnectionState.Hold) {
        if state.release(hold) { resume() }
    }

    private func resume() {
        state.resume(connection)
        server.wake()
    }

    /// Suspends the connection if it still has a hold. On the polling thread, between two of libmicrohttpd's runs.
    func settle() {
        isUnsettled = false
        let begins = whenSettled
        whenSettled = []
        guard !state.isOver else { return }
        if state.settle(connection) { resume() }
        for begin in begins { begin() }
    }

    // MARK: What the polling thread calls

    /// The request is complete. Or it was complete before, and libmicrohttpd asks for the reply again.
    ///
    /// A request without an answer is not suspended at once: the work that the polling thread commits before it polls
    /// again may answer it. That saves the four system calls of suspending and resuming (they take the socket out of
    /// libmicrohttpd's epoll set and put it back). If that work does not answer it, it waits for something slower, and
    /// is suspended.
    func finish() -> MHD_Result {
        if direct != nil {
            direct?.send()
            return .NO
        }
        if let refusal { return queue(prepared(refusal)) }
        if !isHandedOver {
            isHandedOver = true
            server.noteHandedOver()
            if let stream {
                hold(.reply) { stream.end() }
                return .YES
            }
            if case .collect(_, let answer) = plan {
                // It may retain the exchange.
                plan = nil
                answer(self)
            }
            if let (kind, job) = handedOver {
                handedOver = nil
                hold(.reply) { [self] in goOn(on: kind, job) }
                return .YES
            }
            if !state.isAnswered { hold(.reply) }
        }
        if state.isAnswered, let response { return queue(response) }
        return .YES
    }

    /// The exchange is over (MHD_RequestCompletedCallback).
    func complete() {
        stream?.cancel()
        stream = nil
        plan = nil
        server.handler.completed(self)
        if state.end() { response?.stream?.detach() }
        whenSettled = []
    }

    private func note(_ status: Int) {
        self.status = status
        nanoseconds = monotonicNanoseconds() - startedAt
    }

    func noteRefused(with status: Int) { note(status) }

    func noteRefused(with reply: PreparedResponse) {
        note(Int(reply.status))
        queued = reply
    }

    /// Whether a reply has no body, although its head may have the length of one (RFC 9110 sections 9.3.2 and 15.4.5).
    private func hasNoBody(_ status: Int) -> Bool { method == .head || status == 304 }

    func queue(_ response: PreparedResponse) -> MHD_Result {
        note(Int(response.status))
        queued = response
        if let stream = response.stream {
            if hasNoBody(Int(response.status)), stream.size == nil, let pointer = response.pointer {
                cmhd_end_by_closing(pointer)
            }
            stream.attach(to: self)
        }
        if response.headSize > replyRoom { response.shorten(to: replyRoom) }
        return cmhd_queue_response(connection, response.status, response.pointer)
    }
}
