/// What one connection and one request may take.
package struct ServerLimits: Sendable {
    /// Longest request target, bytes.
    package var target = 4096
    /// Largest head (request line and header fields), bytes.
    package var head = 6144
    /// Connections at once.
    package var connections = 4096
    /// Seconds within which a request's head has to come.
    package var headSeconds = 30
    /// Seconds that a body may come without progress.
    package var bodySeconds = 60
    /// Bytes that are read on and thrown away after a body was refused midway, so that the client sees the reply.
    package var discarded = 1 << 20
    /// Seconds that work goes on for a client that has closed its side of the connection: it may wait for its reply.
    package var halfClosedSeconds = 5
    /// Seconds that requests in flight get to finish when the server stops.
    package var drainSeconds = 10

    package init() {}

    /// libmicrohttpd's pool for a connection: it holds the head that is read, and the reply's. The pool is zeroed for each
    /// request (MHD_pool_reset() in 0.9.75), so a larger one makes every request slower.
    var connectionMemory: Int { head + 2048 }

    /// Bytes of a part of a body that fills the buffer that libmicrohttpd reads into: half of the pool, with the head at its
    /// start (MHD_connection_handle_idle() in 0.9.75).
    func fullPart(head: Int) -> Int { connectionMemory / 2 - head }
}
