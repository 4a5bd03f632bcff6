internal import CMicroHTTPD
internal import Glibc
internal import Limits
internal import Synchronization
internal import Threads

/// A Swift interface to libmicrohttpd: an HTTP/1.1 server with keep-alive, chunked bodies, and replies that may wait.
/// It knows nothing of what it serves.
package final class HTTPServer: @unchecked Sendable {
    // Sendable: `daemons`, `handshakes` and `loop` are set once, before any thread uses them.

    /// The version of libmicrohttpd that is loaded (MHD_get_version()).
    package static let libraryVersion = String(cString: MHD_get_version())

    package let limits: ServerLimits
    /// Threads for jobs that may block; handlers use them too.
    package let workers: Workers
    /// The port of the first TCP socket; 0 if there is none.
    package let port: Int

    let handler: any HTTPHandler
    /// Memory for bodies, and extra memory for large ones. They are separate, so that stalled fast clients cannot use
    /// up the first.
    let bodyMemory: Reserve
    let bodyGrowth: Reserve
    fileprivate let watch: ConnectionWatch
    let lingering: LingeringSockets
    /// libmicrohttpd's daemons: one for plain connections, one for encrypted ones, as needed.
    private var daemons: [OpaquePointer] = []
    private var handshakes: Handshakes?
    private var loop: PollingLoop?
    private let stopping = Atomic<Bool>(false)
    private let cutOff = Atomic<Bool>(false)
    private let inFlight = Atomic<Int>(0)
    /// Replies that are being streamed.
    private let streams = Mutex<[ObjectIdentifier: ResponseStream]>([:])

    /// libmicrohttpd refused to start.
    package struct StartFailure: Error, CustomStringConvertible {
        package var description = "libmicrohttpd cannot start (MHD_start_daemon); is the limit of open files very low?"
    }

    /// Serves listening sockets until `stop()`.
    /// - Parameters:
    ///   - sockets: at least one; owned from here on
    ///   - tls: credentials for TCP connections; nil: they are not encrypted. Connections to Unix sockets (unix(7))
    ///     never are
    ///   - work: gathers while requests are handled, and is done between two polls
    ///   - workers: threads for jobs that may block
    package init(
        sockets: [ListeningSocket], tls: TLSCredentials? = nil, limits: ServerLimits = ServerLimits(),
        handler: any HTTPHandler,
        work: (any GatheredWork)? = nil, workers: Workers
    ) throws(StartFailure) {
        self.limits = limits
        self.handler = handler
        self.workers = workers
        bodyMemory = Reserve(Limit(.bytes, most: limits.bodyMemory))
        bodyGrowth = Reserve(Limit(.bytes, most: limits.bodyMemory / 4))
        lingering = LingeringSockets(discarded: limits.discarded)
        watch = ConnectionWatch(seconds: limits.headSeconds, lingering: lingering)
        port = sockets.lazy.map(\.port).first { $0 != 0 } ?? 0
        _ = interpositionIsSet
        // Without it, malformed requests would be accepted.
        guard cmhd_is_filtered() else {
            throw StartFailure(description: "recv is not among the executable's dynamic symbols")
        }
        var callbacks = cmhd_callbacks()
        callbacks.handle = handle
        callbacks.completed = completed
        callbacks.connection = connected
        // Unretained: the daemon is stopped before the server goes.
        callbacks.context = Unmanaged.passUnretained(self).toOpaque()
        var settings = cmhd_limits(
            connection_memory: limits.connectionMemory, connections: UInt32(limits.connections),
            fields: Int32(limits.fields), idle_seconds: UInt32(limits.bodySeconds))
        let isEncrypted = sockets.map { tls != nil && $0.isOfNetwork }
        let kinds = Set(isEncrypted).sorted { !$0 && $1 }
        for kind in kinds {
            guard let daemon = cmhd_start(&callbacks, &settings, kind) else {
                for daemon in daemons { MHD_stop_daemon(daemon) }
                throw StartFailure()
            }
            daemons.append(daemon)
        }
        if let tls, kinds.contains(true) { handshakes = Handshakes(credentials: tls, server: self) }
        let endpoints = zip(sockets, isEncrypted).map { socket, isEncrypted in
            PollingLoop.Endpoint(
                daemon: daemons[kinds.firstIndex(of: isEncrypted)!], socket: socket.descriptor,
                handshakes: isEncrypted ? handshakes : nil)
        }
        let loop = PollingLoop(
            daemons: daemons, endpoints: endpoints, limits: limits, work: work, watch: watch,
            turnedAway: TurnedAway(
                reply: {
                    let id = RequestID.next()
                    return handler.response(to: HTTPFault.tooManyConnections, of: id, in: nil).serialized(as: id)
                }, lingering: lingering))
        self.loop = loop
        loop.start()
    }

    /// Whether `stop()` was called.
    package var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Whether the time for requests in flight is over: nobody waits for the jobs that still run.
    package var isCutOff: Bool { cutOff.load(ordering: .acquiring) }

    /// Requests whose head has arrived and whose reply was not sent yet.
    package var requestsInFlight: Int { inFlight.load(ordering: .acquiring) }

    /// Wakes the polling thread for work that another thread gathered.
    package func wake() { loop?.wake() }

    /// Stops accepting connections, ends the endless streams, and lets the other requests in flight finish for at most
    /// `drainSeconds`. Then cuts off the remaining streams, signals the jobs that still run, and ends.
    /// - Returns: whether no request is left. If one is, its connection stays suspended, and the process has to end
    @discardableResult
    package func stop() -> Bool {
        stopping.store(true, ordering: .releasing)
        loop?.stopAccepting()
        handshakes?.stop()
        for stream in openStreams where stream.isEndless { stream.finish() }
        waitForRequests(centiseconds: limits.drainSeconds * 100)
        cutOff.store(true, ordering: .releasing)
        for stream in openStreams { stream.abort() }
        // Jobs that check whether they are abandoned end now, and reply.
        waitForRequests(centiseconds: 100)
        if requestsInFlight > 0 {
            loop?.cutOff()
            waitForRequests(centiseconds: 100)
        }
        loop?.stop()
        // MHD_stop_daemon() aborts the process if a connection is suspended, so that unfinished ones are left to the
        // end of the process.
        guard requestsInFlight == 0 else { return false }
        for daemon in daemons { MHD_stop_daemon(daemon) }
        daemons = []
        lingering.closeAll()
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

    /// Notes that a request is handed over. On the polling thread.
    func noteHandedOver() { loop?.noteHandedOver() }

    /// Notes that an exchange holds its connection. On the polling thread.
    func noteUnsettled(_ exchange: HTTPExchange, waitsForWork: Bool) {
        loop?.noteUnsettled(exchange, waitsForWork: waitsForWork)
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
        let result = exchange.receive(UnsafeRawBufferPointer(start: part, count: partSize.pointee))
        partSize.pointee = 0
        return result
    }
    let server = Unmanaged<HTTPServer>.fromOpaque(context).takeUnretainedValue()
    // The request that replaces one that the reader refused.
    let isRefused = url[0] == CChar(RequestReader.marker)
    let path = Array(UnsafeRawBufferPointer(start: url, count: strlen(url)))
    let client = Connection.of(connection)
    let exchange = HTTPExchange(
        connection: connection, client: client, method: HTTPMethod(String(cString: method)), path: path,
        server: server)
    if isRefused { exchange.headFault = client?.reader.refusal }
    if let version { exchange.isHTTP10 = strcmp(version, "HTTP/1.0") == 0 }
    // Retained for libmicrohttpd; released in completed(), which it calls once for each request whose head was handled.
    request.pointee = Unmanaged.passRetained(exchange).toOpaque()
    server.begin()
    client?.begin(exchange)
    return exchange.start()
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
    exchange.client?.rest()
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
        let ended = Unmanaged<Connection>.fromOpaque(known).takeRetainedValue()
        ended.end(now: monotonicNanoseconds())
        server.watch.remove(ended)
    } else {
        let begun = Connection(connection, server: server)
        socketContext.pointee = Unmanaged.passRetained(begun).toOpaque()
        server.watch.add(begun)
        if !begun.beginFiltering() { begun.endBothWays() }
    }
}

/// Sets, once per process, the functions that read for libmicrohttpd and make its own replies.
private let interpositionIsSet: Void = {
    cmhd_set_own_reply(ownReply)
    cmhd_set_filter(readRequests)
}()

/// Reads for libmicrohttpd (`cmhd_filter`).
private func readRequests(
    connection: UnsafeMutableRawPointer?, source: cmhd_source?, of: UnsafeMutableRawPointer?,
    buffer: UnsafeMutableRawPointer?, size: Int
) -> Int {
    guard let connection, let source, let buffer else { return 0 }
    let client = Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue()
    return client.reader.read(into: buffer, size, isGivenUp: client.exchange?.direct != nil) { source(of, $0, $1) }
}

/// The reply to a request that libmicrohttpd refuses by itself, in the form of every other fault.
private func ownReply(connection: OpaquePointer?, status: UnsafeMutablePointer<UInt32>?) -> OpaquePointer? {
    guard let connection, let status, let client = Connection.of(connection) else { return nil }
    let fault = client.reader.refusal ?? .malformed(status: Int(status.pointee))
    status.pointee = UInt32(fault.status)
    client.lingers = true
    let id = client.exchange?.id ?? RequestID.next()
    let reply = client.server.handler.response(to: fault, of: id, in: client.exchange)
    client.exchange?.noteRefused(with: fault.status)
    return PreparedResponse.make(reply, to: id)
}
