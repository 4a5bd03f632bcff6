internal import CMicroHTTPD
internal import Glibc
internal import Synchronization
internal import Threads

/// One request and its reply.
///
/// It is made when the request's head is complete and ends when the reply has been sent or the client has gone. The
/// handler answers it once, from any thread, at any time; a connection that waits is suspended and costs nothing.
package final class HTTPExchange: @unchecked Sendable {
    // Sendable: `plan`, `body` and the other variables are touched by the polling thread only, and after it handed the
    // exchange to the handler, by whoever answers; `phase` hands the response over between the two.

    package let method: HTTPMethod
    /// The path as it was sent, escapes and all.
    package let path: [UInt8]
    /// The whole body, if it was collected.
    package internal(set) var body: [UInt8] = []
    /// Whatever the handler wants to find again in `respond(to:)`, such as the route it found in `accept(_:)`.
    package var context: (any AnyObject & Sendable)?

    /// A number of the handler's, to find again in `completed(_:)`.
    package var tag = 0
    /// The status of the reply; 0 while there is none.
    package private(set) var status = 0
    /// Nanoseconds from the complete head to the reply's start; 0 while there is no reply.
    package private(set) var nanoseconds: UInt64 = 0
    private let startedAt = monotonicNanoseconds()

    /// Bytes of the body that have come.
    package var receivedBytes: Int { received + discarded }
    /// Bytes of the reply's body, as far as they are known: those of a stream that were taken for sending.
    package var sentBytes: Int { method == .head ? 0 : queued?.bodySize ?? 0 }

    let connection: OpaquePointer
    private let client: ClientPresence?
    unowned let server: HTTPServer

    /// Where an exchange stands between the polling thread and the one that answers.
    private enum Phase {
        static let open = 0
        static let suspended = 1
        static let answered = 2
        /// The client has gone, or has its reply.
        static let over = 3
    }

    private let phase = Atomic<Int>(Phase.open)
    private var response: PreparedResponse?
    /// What was handed to libmicrohttpd.
    private var queued: PreparedResponse?
    /// Whether the handler has all of the request.
    var isHandedOver = false
    /// Whether it waits for its reply without being suspended.
    private var isWaiting = false
    private var handedOverAt: UInt64 = 0
    private var handedOver: (kind: Workers.Kind, job: @Sendable () -> Void)?

    // What `HTTPExchange+Receiving` keeps.

    /// What becomes of the body.
    var plan = BodyPlan.collect(limit: 0)
    var stream: BodyStream?
    /// The reply to a request that is refused, and whose body is thrown away.
    var refusal: HTTPResponse?
    var refusalWasWritten = false
    /// Bytes of the head, of the body that were taken, and of the body that were thrown away.
    var headSize = 0, received = 0, discarded = 0
    /// Whether a part of the body was read past libmicrohttpd, which waits for it in vain: the reply goes past it too.
    var readsSocket = false

    init(
        connection: OpaquePointer, client: ClientPresence?, method: HTTPMethod, path: [UInt8], server: HTTPServer
    ) {
        self.connection = connection
        self.client = client
        self.method = method
        self.path = path
        self.server = server
    }

    // MARK: The request

    /// The announced length of the body in bytes; nil when it is chunked or there is none.
    package private(set) lazy var contentLength: Int? = readContentLength()

    /// Whether the body comes in chunks (RFC 9112 section 7.1).
    package private(set) lazy var isChunked = headerBytes("Transfer-Encoding") != nil

    /// Takes the collected body out of the exchange, which keeps none.
    package func takeBody() -> [UInt8] {
        let taken = body
        body = []
        return taken
    }

    // MARK: The reply

    /// Whether nobody waits for the reply: its client has gone. A job that takes long asks now and then, from its own
    /// thread, and throws `Abandoned` or returns; asking costs one system call.
    package var isAbandoned: Bool {
        phase.load(ordering: .acquiring) == Phase.over || client?.isGone(now: monotonicNanoseconds()) ?? false
    }

    /// What a job throws once its exchange is abandoned.
    package struct Abandoned: Error {
        package init() {}
    }

    /// Throws where the exchange is abandoned.
    package func checkPresence() throws(Abandoned) { if isAbandoned { throw Abandoned() } }

    /// Runs a job that may block on a worker thread. It may not look at the request's head: the client may be gone.
    package func onWorker(_ kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) {
        server.workers[kind].run(job)
    }

    /// The same from within `HTTPHandler.respond(to:)`, once. The connection stays while the job runs, and with it the head.
    package func handOver(to kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) { handedOver = (kind, job) }

    /// Makes the polling thread see work that was gathered on another thread.
    package func wakeServer() { server.wake() }

    /// Answers. The first answer counts; thread-safe.
    package func respond(_ prepared: PreparedResponse) {
        guard response == nil else { return }
        response = prepared
        switch phase.exchange(Phase.answered, ordering: .acquiringAndReleasing) {
        case Phase.suspended: resumeAnswered()
        case Phase.over: prepared.stream?.detach()
        default: return
        }
    }

    /// Answers with a reply that is made for this request alone.
    package func respond(_ response: HTTPResponse) {
        respond(PreparedResponse(response))
    }

    // MARK: What the polling thread calls

    /// The request is complete; or it was before, and libmicrohttpd asks for the reply once more.
    ///
    /// A request that is not answered at once is not suspended at once either: what the polling thread commits before it
    /// polls again is answered then (`takeAnswer`), which saves the four system calls of suspending and resuming (it takes the
    /// socket out of libmicrohttpd's epoll set and puts it back, and reads it once in vain). A request that is still not
    /// answered once that work has been done waits for something slower, and is suspended by the next call.
    func finish() -> MHD_Result {
        if refusalWasWritten { return .NO }
        if let refusal { return queue(PreparedResponse(refusal)) }
        if !isHandedOver {
            isHandedOver = true
            handedOverAt = server.noteHandedOver()
            if let stream {
                suspendUntilAnswered { stream.end() }
                return .YES
            }
            server.handler.respond(to: self)
            if let (kind, job) = handedOver {
                handedOver = nil
                suspendUntilAnswered { server.workers[kind].run(job) }
                return .YES
            }
            if phase.load(ordering: .acquiring) != Phase.answered {
                isWaiting = true
                server.noteWaiting(self)
                return .YES
            }
        }
        if phase.load(ordering: .acquiring) == Phase.answered, let response { return queue(response) }
        if !server.isAboutToWork(since: handedOverAt) { suspendUntilAnswered {} }
        return .YES
    }

    /// Gives libmicrohttpd the reply, if there is one, without waiting until it asks for it. That saves one look at every
    /// connection: it sends, the next time it runs, all that it was given before.
    ///
    /// libmicrohttpd wants MHD_queue_response() to be called from its callback where a connection is not suspended, since its
    /// own threads could be at work on it. Here there are none, and the calling thread holds the lease on polling.
    func takeAnswer() {
        guard isWaiting, phase.load(ordering: .acquiring) == Phase.answered, let response else { return }
        isWaiting = false
        // Were it refused, it would be given again when it is asked for.
        _ = queue(response)
    }

    /// The exchange is over (MHD_RequestCompletedCallback).
    func complete() {
        isWaiting = false
        stream?.cancel()
        stream = nil
        server.handler.completed(self)
        if phase.exchange(Phase.over, ordering: .acquiringAndReleasing) == Phase.answered { response?.stream?.detach() }
    }

    // MARK: Replying

    /// Lets libmicrohttpd go on with a request that was suspended, and is answered.
    private func resumeAnswered() {
        if readsSocket, let response {
            // All of the body was read, so that nothing makes the reply be lost: the connection can end in both directions,
            // which libmicrohttpd sees.
            write(response)
            shutdown(cmhd_connection_socket(connection), Int32(SHUT_RDWR))
        }
        server.resume(connection)
    }

    /// Sends a reply past libmicrohttpd, straight to the socket.
    func write(_ reply: PreparedResponse) {
        note(Int(reply.status))
        queued = reply
        let socket = cmhd_connection_socket(connection)
        _ = reply.serialized.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Suspends the connection, lets `begin` set going what will answer, and leaves it suspended until it has.
    func suspendUntilAnswered(_ begin: () -> Void) {
        isWaiting = false
        MHD_suspend_connection(connection)
        begin()
        let (exchanged, _) = phase.compareExchange(
            expected: Phase.open, desired: Phase.suspended, ordering: .acquiringAndReleasing)
        if !exchanged { resumeAnswered() }
    }

    private func note(_ status: Int) {
        self.status = status
        nanoseconds = monotonicNanoseconds() - startedAt
    }

    func queue(_ response: PreparedResponse) -> MHD_Result {
        note(Int(response.status))
        queued = response
        if let stream = response.stream {
            if method == .head, let pointer = response.pointer { cmhd_end_by_closing(pointer) }
            stream.attach(to: connection, of: server)
        }
        return cmhd_queue_response(connection, response.status, response.pointer)
    }
}
