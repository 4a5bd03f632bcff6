internal import CMicroHTTPD
internal import Glibc

/// A refusal that goes straight to a socket (send(2)), past libmicrohttpd. That direction ends with it, and the connection soon
/// after.
///
/// The one case in which libmicrohttpd cannot send: `MHD_queue_response()` takes a reply at the head of a request and behind the
/// whole of it, but none in the middle of its body (0.9.75), and none whose head has no room in the connection's memory beside the
/// request's. Of a chunked body nobody knows where it ends, and its client should not have to send for hours before it is told.
/// Nothing else is on its way meanwhile: the replies to earlier requests were sent before this one was read.
///
/// Only for plain connections. Within TLS the bytes would be none of the session's records, so there a client learns
/// less: it gets the reply if its body ends within `ServerLimits.discarded` bytes, and is cut off without one otherwise.
struct DirectRefusal {
    private let client: Connection
    /// What the socket has not taken yet.
    private var rest: ArraySlice<UInt8>

    /// Begins to send; nil where the connection is encrypted.
    init?(_ reply: PreparedResponse, to client: Connection) {
        if client.isEncrypted { return nil }
        self.client = client
        rest = reply.serialized[...]
        send()
    }

    /// Sends what the socket takes. To be called again as more of the body comes.
    mutating func send() {
        if rest.isEmpty { return }
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Glibc.send(client.socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if sent >= 0 {
                rest = rest.dropFirst(sent)
            } else if errno != EINTR {
                break
            }
        }
        if rest.isEmpty { shutdown(client.socket, Int32(SHUT_WR)) }
    }
}
