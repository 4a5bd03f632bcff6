/// Limits of connections and of requests.
package struct ServerLimits: Sendable {
    /// Longest request target, bytes.
    package var target = 4096
    /// Largest head (request line and header fields), bytes.
    package var head = 6144
    /// Header fields and fields of the query, together.
    package var fields = 96
    /// Connections at once.
    package var connections = 4096
    /// Connections at once from one address; 0: as many as from all. Connections to Unix sockets have no address.
    package var connectionsPerAddress = 0
    /// Bytes for bodies that are being read, of all requests together.
    package var bodyMemory = 512 << 20
    /// Seconds within which a request's head has to arrive.
    package var headSeconds = 30
    /// Seconds for which a body may make no progress.
    package var bodySeconds = 60
    /// Bytes that are read and discarded after a body was refused midway, so that the client sees the reply.
    package var discarded = 1 << 20
    /// Seconds for which work goes on after the client has closed its sending side: it may still wait for its reply.
    package var halfClosedSeconds = 5
    /// Seconds that requests in flight get to finish when the server stops.
    package var drainSeconds = 10

    package init() {}

    /// libmicrohttpd's pool for a connection. Half of it is the read buffer; the rest has a record for each field of
    /// the head, and the reply's head. It is zeroed for each request (MHD_pool_reset() in 0.9.75): a pool twice as
    /// large costs a seventh of the rows at 64 connections (`rows-64`). Large bodies are read ahead, outside of it
    /// (`RequestReader`).
    var connectionMemory: Int { 2 * (head + 2048) }

    /// Bytes of the pool that are free for a reply's head for sure, whatever was read after the request.
    /// - Parameters:
    ///   - head: bytes of the request's head
    ///   - fields: header fields and fields of the query
    func replyRoom(head: Int, fields: Int) -> Int {
        // A record is a struct MHD_HTTP_Header, aligned; some bytes are lost to the alignment of the rest.
        connectionMemory - max(connectionMemory / 2, head) - fields * 64 - 256
    }
}
