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
    package private(set) var body: [UInt8] = []
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
    private var plan = BodyPlan.collect(limit: 0)
    private var stream: BodyStream?
    private var headSize = 0
    private var received = 0
    private var refusal: HTTPResponse?
    private var discarded = 0
    private var replyWasWritten = false
    /// Whether a part of the body was read past libmicrohttpd, which waits for it in vain: the reply goes past it too.
    private var readsSocket = false
    private var isHandedOver = false
    /// Whether it waits for its reply without being suspended.
    private var isWaiting = false
    private var handedOverAt: UInt64 = 0
    private var handedOver: (@Sendable () -> Void)?

    init(connection: OpaquePointer, method: HTTPMethod, path: [UInt8], server: HTTPServer) {
        self.connection = connection
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

    /// Runs a job that may block on a worker thread. It may not look at the request's head: the client may be gone.
    package func onWorker(_ job: @escaping @Sendable () -> Void) { server.workers.run(job) }

    /// The same from within `HTTPHandler.respond(to:)`, once. The connection stays while the job runs, and with it the head.
    package func handOver(_ job: @escaping @Sendable () -> Void) { handedOver = job }

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

    /// The head is here.
    /// - Parameter targetLength: bytes of the request target, path and query
    func start(targetLength: Int) -> MHD_Result {
        let limits = server.limits
        if targetLength > limits.target { return writeEarly(.targetTooLong(limit: limits.target)) }
        headSize = cmhd_head_size(connection)
        if headSize > limits.head { return writeEarly(.headTooLarge(limit: limits.head)) }
        if let expected = headerBytes("Expect"), !expected.elementsEqual("100-continue".utf8),
            String(decoding: expected, as: UTF8.self).lowercased() != "100-continue"
        {
            return queueEarly(.expectationFailed)
        }
        if server.isStopping { return queueEarly(.shuttingDown) }
        let announced = contentLength

        plan = server.handler.accept(self)
        switch plan {
        case .collect(let limit):
            if let announced, announced > limit { return queueEarly(.bodyTooLarge(limit: limit)) }
            if let announced { body.reserveCapacity(announced) }
        case .stream(let sink, let limit):
            if let announced, announced > limit {
                sink.cancel()
                return queueEarly(.bodyTooLarge(limit: limit))
            }
            stream = BodyStream(sink: sink, exchange: self)
        case .refuse(let reply):
            // A short body is read and dropped, so that the connection can go on.
            if let announced, announced > limits.discarded { return queueEarly(reply) }
            refusal = reply
        }
        return .YES
    }

    /// A part of the body is here; returns how much of it was not taken.
    func receive(_ part: UnsafeRawBufferPointer) -> (result: MHD_Result, left: Int) {
        // Behind a body that was read past libmicrohttpd.
        if isHandedOver { return (.NO, 0) }
        if refusal != nil {
            discarded += part.count
            if discarded <= server.limits.discarded { return (.YES, 0) }
            // In the middle of a body libmicrohttpd takes no reply (MHD_queue_response() in 0.9.75).
            writeReply()
            return (.NO, 0)
        }
        received += part.count
        if let stream, mayReadSocket(stream) { return readOn(part, stream) }
        if part.count < server.limits.fullPart(head: headSize), hasClientLeft() { return (.NO, 0) }
        switch plan {
        case .collect(let limit):
            if received > limit {
                body = []
                refuse(server.handler.response(to: .bodyTooLarge(limit: limit), in: self))
            } else {
                body.append(contentsOf: part)
            }
        case .stream(_, let limit):
            guard let stream else { return (.YES, 0) }
            if received > limit {
                stream.cancel()
                self.stream = nil
                refuse(server.handler.response(to: .bodyTooLarge(limit: limit), in: self))
            } else if !stream.append(part) {
                received -= part.count
                return (.YES, part.count)
            }
        case .refuse: break
        }
        return (.YES, 0)
    }

    /// The request is complete; or it was before, and libmicrohttpd asks for the reply once more.
    ///
    /// A request that is not answered at once is not suspended at once either: what the polling thread commits before it
    /// polls again is answered then (`takeAnswer`), which saves the four system calls of suspending and resuming (it takes the
    /// socket out of libmicrohttpd's epoll set and puts it back, and reads it once in vain). A request that is still not
    /// answered once that work has been done waits for something slower, and is suspended by the next call.
    func finish() -> MHD_Result {
        if replyWasWritten { return .NO }
        if let refusal { return queue(PreparedResponse(refusal)) }
        if !isHandedOver {
            isHandedOver = true
            handedOverAt = server.noteHandedOver()
            if let stream {
                suspendUntilAnswered { stream.end() }
                return .YES
            }
            server.handler.respond(to: self)
            if let job = handedOver {
                handedOver = nil
                suspendUntilAnswered { server.workers.run(job) }
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

    // MARK: Private

    /// Bytes of a body that have to be missing for it to be read past libmicrohttpd: many times what a new connection costs.
    private static let readFrom = 4 << 20

    /// Whether what is still missing of the body is read from the socket straight into the stream. libmicrohttpd has 8 KiB
    /// to read into, and hands on each of them: for a large body that costs more than all the rest. The price is the
    /// connection, which ends with the reply, as libmicrohttpd does not know that the body is complete.
    private func mayReadSocket(_ stream: BodyStream) -> Bool {
        guard !readsSocket else { return true }
        guard let announced = contentLength, !isChunked, announced - received >= Self.readFrom else { return false }
        return stream.mayReadSocket
    }

    /// Takes a part of the body and all that the socket has behind it: libmicrohttpd waits for an edge of epoll (epoll(7)),
    /// which comes only once the socket has been found empty.
    private func readOn(_ part: UnsafeRawBufferPointer, _ stream: BodyStream) -> (result: MHD_Result, left: Int) {
        guard stream.append(part) else {
            received -= part.count
            return (.YES, part.count)
        }
        readsSocket = true
        let socket = cmhd_connection_socket(connection)
        while let missing = contentLength.map({ $0 - received }), missing > 0 {
            switch stream.read(socket, atMost: missing) {
            case .bytes(let count): received += count
            case .nothing: return (.YES, 0)
            case .end: return (.NO, 0)
            }
        }
        isHandedOver = true
        suspendUntilAnswered { stream.end() }
        return (.YES, 0)
    }

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
    private func write(_ reply: PreparedResponse) {
        note(Int(reply.status))
        queued = reply
        let socket = cmhd_connection_socket(connection)
        _ = reply.serialized.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// Whether the client has closed the connection in the middle of its body.
    ///
    /// libmicrohttpd learns of it from an edge of epoll, which there is none of when the end came along with the last bytes
    /// that were read: it would wait for more until the timeout. (Where the bytes filled its buffer, it reads on by itself.)
    private func hasClientLeft() -> Bool {
        guard let announced = contentLength, received < announced else { return false }
        var byte: UInt8 = 0
        return recv(cmhd_connection_socket(connection), &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    /// Suspends the connection, lets `begin` set going what will answer, and leaves it suspended until it has.
    private func suspendUntilAnswered(_ begin: () -> Void) {
        isWaiting = false
        MHD_suspend_connection(connection)
        begin()
        let (exchanged, _) = phase.compareExchange(
            expected: Phase.open, desired: Phase.suspended, ordering: .acquiringAndReleasing)
        if !exchanged { resumeAnswered() }
    }

    private func refuse(_ reply: HTTPResponse) {
        var reply = reply
        reply.closes = true
        refusal = reply
        discarded = 0
        if isChunked { writeReply() }
    }

    /// Sends the refusal past libmicrohttpd; what still comes of the body is thrown away.
    private func writeReply() {
        guard let refusal, !replyWasWritten else { return }
        replyWasWritten = true
        write(PreparedResponse(refusal))
        shutdown(cmhd_connection_socket(connection), Int32(SHUT_WR))
    }

    /// Refuses a head that fills libmicrohttpd's memory for the connection, in which there may be no room for a reply.
    private func writeEarly(_ fault: HTTPFault) -> MHD_Result {
        refusal = server.handler.response(to: fault, in: self)
        writeReply()
        return .NO
    }

    private func queueEarly(_ fault: HTTPFault) -> MHD_Result {
        queueEarly(server.handler.response(to: fault, in: self))
    }

    private func queueEarly(_ reply: HTTPResponse) -> MHD_Result {
        // Without a body to skip, the reply waits for the regular turn, which keeps the connection.
        if contentLength ?? 0 == 0, !isChunked {
            refusal = reply
            return .YES
        }
        var reply = reply
        reply.closes = true
        return queue(PreparedResponse(reply))
    }

    private func note(_ status: Int) {
        self.status = status
        nanoseconds = monotonicNanoseconds() - startedAt
    }

    private func queue(_ response: PreparedResponse) -> MHD_Result {
        note(Int(response.status))
        queued = response
        if let stream = response.stream {
            if method == .head, let pointer = response.pointer { cmhd_end_by_closing(pointer) }
            stream.attach(to: connection, of: server)
        }
        return cmhd_queue_response(connection, response.status, response.pointer)
    }
}

extension HTTPExchange {
    /// Stops reading this connection until the sink of its body has room again.
    func suspendForRoom() { MHD_suspend_connection(connection) }

    /// Reads on.
    func resumeForRoom() { server.resume(connection) }
}
