internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// The Swift face of libmicrohttpd: an HTTP/1.1 server with keep-alive, chunked bodies, replies that may wait, and no
/// knowledge of what it serves.
package final class HTTPServer: @unchecked Sendable {
    // Sendable: `daemon` and `loop` are set once, before any thread is started.

    package let limits: ServerLimits
    /// The threads for what may block; handlers use them too.
    package let workers: Workers
    /// The port it listens on.
    package let port: Int

    let handler: any HTTPHandler
    fileprivate let heads: HeadWatch
    private var daemon: OpaquePointer?
    private var loop: PollingLoop?
    private let stopping = Atomic<Bool>(false)
    private let inFlight = Atomic<Int>(0)
    /// Replies that are being streamed.
    private let streams = Mutex<[ObjectIdentifier: ResponseStream]>([:])

    /// libmicrohttpd refused to start.
    package struct StartFailure: Error, CustomStringConvertible {
        package let description = "libmicrohttpd cannot start (MHD_start_daemon); is the limit of open files very low?"
    }

    /// Serves a listening socket until `stop()`.
    /// - Parameters:
    ///   - work: what gathers while requests are handled and is done between two polls
    ///   - workers: threads for what may block
    package init(
        socket: ListeningSocket, limits: ServerLimits = ServerLimits(), handler: any HTTPHandler,
        work: (any GatheredWork)? = nil, workers: Workers
    ) throws(StartFailure) {
        self.limits = limits
        self.handler = handler
        self.workers = workers
        heads = HeadWatch(seconds: limits.headSeconds)
        port = socket.port
        _ = ownReplyIsSet
        var callbacks = cmhd_callbacks()
        callbacks.handle = handle
        callbacks.completed = completed
        callbacks.connection = connected
        callbacks.target = targetRead
        // Unretained: the daemon is stopped before the server goes.
        callbacks.context = Unmanaged.passUnretained(self).toOpaque()
        var settings = cmhd_limits(
            connection_memory: limits.connectionMemory, connections: UInt32(limits.connections),
            idle_seconds: UInt32(limits.bodySeconds))
        guard let daemon = cmhd_start(socket.descriptor, &callbacks, &settings) else { throw StartFailure() }
        self.daemon = daemon
        let loop = PollingLoop(daemon: daemon, work: work, heads: heads)
        self.loop = loop
        loop.start()
    }

    /// Whether `stop()` was called.
    package var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Requests whose head has come and whose reply has not gone.
    package var requestsInFlight: Int { inFlight.load(ordering: .acquiring) }

    /// Makes the polling thread see that work waits that another thread gathered.
    package func wake() { loop?.wake() }

    /// Accepts no more connections (MHD_quiesce_daemon()), ends the streams that have no end, lets the other requests in
    /// flight finish for `drainSeconds` at most, then cuts off what is still streamed, and ends.
    /// - Returns: whether all of them finished
    @discardableResult
    package func stop() -> Bool {
        guard let daemon else { return true }
        stopping.store(true, ordering: .releasing)
        let socket = MHD_quiesce_daemon(daemon)
        for stream in openStreams where stream.isEndless { stream.finish() }
        waitForRequests(centiseconds: limits.drainSeconds * 100)
        let unfinished = openStreams
        for stream in unfinished { stream.abort() }
        if !unfinished.isEmpty { waitForRequests(centiseconds: 100) }
        loop?.stop()
        if socket >= 0 { close(socket) }
        // MHD_stop_daemon() aborts the process when a connection is suspended: one that did not finish is left to the end
        // of the process.
        guard requestsInFlight == 0 else { return false }
        MHD_stop_daemon(daemon)
        return true
    }

    private func waitForRequests(centiseconds: Int) {
        var waited = 0
        while requestsInFlight > 0, waited < centiseconds {
            usleep(10_000)
            waited += 1
        }
    }

    private var openStreams: [ResponseStream] { streams.withLock { Array($0.values) } }

    func add(_ stream: ResponseStream) { streams.withLock { $0[ObjectIdentifier(stream)] = stream } }
    func remove(_ stream: ResponseStream) { streams.withLock { $0[ObjectIdentifier(stream)] = nil } }

    /// Notes that a request is handed over, on the polling thread.
    /// - Returns: how often the gathered work has been done
    func noteHandedOver() -> UInt64 {
        loop?.noteHandedOver()
        return loop?.performed ?? 0
    }

    /// Notes, on the polling thread, that a request which was handed over waits for its reply.
    func noteWaiting(_ exchange: HTTPExchange) { loop?.noteWaiting(exchange) }

    /// Whether the polling thread is about to do work that may answer a request handed over at `count`.
    func isAboutToWork(since count: UInt64) -> Bool {
        guard let loop else { return false }
        return loop.performed == count && loop.workIsWaiting
    }

    func resume(_ connection: OpaquePointer) {
        MHD_resume_connection(connection)
        loop?.wake()
    }

    fileprivate func begin() { inFlight.wrappingAdd(1, ordering: .relaxed) }
    fileprivate func end() { inFlight.wrappingSubtract(1, ordering: .releasing) }
}

/// MHD_AccessHandlerCallback.
private func handle(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, part: UnsafePointer<CChar>?,
    partSize: UnsafeMutablePointer<Int>?, request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let url, let method, let partSize, let request else { return .NO }
    if let known = request.pointee {
        let exchange = Unmanaged<HTTPExchange>.fromOpaque(known).takeUnretainedValue()
        guard partSize.pointee > 0 else { return exchange.finish() }
        let (result, left) = exchange.receive(UnsafeRawBufferPointer(start: part, count: partSize.pointee))
        partSize.pointee = left
        return result
    }
    let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    let path = Array(UnsafeRawBufferPointer(start: url, count: strlen(url)))
    let watched = watched(connection)
    let exchange = HTTPExchange(
        connection: connection, client: watched?.client, method: HTTPMethod(String(cString: method)), path: path,
        server: server)
    // Retained for libmicrohttpd; released in completed(), which it calls once for each request whose head was handled.
    request.pointee = Unmanaged.passRetained(exchange).toOpaque()
    server.begin()
    watched?.begin()
    return exchange.start(targetLength: watched?.targetLength ?? path.count)
}

/// MHD_RequestCompletedCallback.
private func completed(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    request: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, reason: MHD_RequestTerminationCode
) {
    guard let known = request?.pointee else { return }
    request?.pointee = nil
    let exchange = Unmanaged<HTTPExchange>.fromOpaque(known).takeRetainedValue()
    exchange.complete()
    exchange.server.end()
    if let connection { watched(connection)?.rest() }
}

/// What is known of a connection beside libmicrohttpd.
private func watched(_ connection: OpaquePointer) -> HeadWatch.Connection? {
    cmhd_socket_context(connection).map { Unmanaged<HeadWatch.Connection>.fromOpaque($0).takeUnretainedValue() }
}

/// A request's target has been read; the rest of its head may never be.
private func targetRead(
    context: UnsafeMutableRawPointer?, target: UnsafePointer<CChar>?, connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    if let connection, let target { watched(connection)?.targetLength = strlen(target) }
    return nil
}

/// MHD_NotifyConnectionCallback.
private func connected(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, code: MHD_ConnectionNotificationCode
) {
    guard let context, let connection, let socketContext else { return }
    let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    if let known = socketContext.pointee {
        socketContext.pointee = nil
        // Released here, at the connection's end; retained at its start.
        let watched = Unmanaged<HeadWatch.Connection>.fromOpaque(known).takeRetainedValue()
        watched.client.end()
        server.heads.remove(watched)
    } else {
        let watched = HeadWatch.Connection(socket: cmhd_connection_socket(connection), server: server)
        socketContext.pointee = Unmanaged.passRetained(watched).toOpaque()
        server.heads.add(watched)
    }
}

/// Says once for the process who makes the replies of libmicrohttpd's own.
private let ownReplyIsSet: Void = cmhd_set_own_reply(ownReply)

/// The reply to a request that libmicrohttpd refuses by itself: told as every other fault.
private func ownReply(connection: OpaquePointer?, status: UnsafeMutablePointer<UInt32>?) -> OpaquePointer? {
    guard let connection, let status, let watched = watched(connection) else { return nil }
    let server = watched.server
    // A target that fills the memory leaves none for the fields behind it, which is what libmicrohttpd then complains of.
    let limit = server.limits.target
    let isTarget = status.pointee == 431 && watched.targetLength > limit
    let fault: HTTPFault = isTarget ? .targetTooLong(limit: limit) : .malformed(status: Int(status.pointee))
    status.pointee = UInt32(fault.status)
    return PreparedResponse.make(server.handler.response(to: fault, in: nil))
}
