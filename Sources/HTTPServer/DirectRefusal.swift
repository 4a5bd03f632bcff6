internal import Glibc

/// A refusal that is sent straight to the client (`cmhd_send()`), without libmicrohttpd. Then the sending side is
/// closed, and the connection soon after.
///
/// It is for the two cases in which libmicrohttpd (0.9.75) cannot send. `MHD_queue_response()` takes a reply at the
/// head of a request and after the whole request, but not in the middle of its body. Nor does it take a reply whose
/// head does not fit into the connection's memory beside the request's. Where a chunked body ends is unknown, and its
/// client should not have to send for hours before it gets the reply. Nothing else is in flight: the replies to earlier
/// requests were sent before this request was read.
struct DirectRefusal {
    private let client: Connection
    /// Bytes that the socket has not taken yet.
    private var rest: ArraySlice<UInt8>

    /// Starts to send.
    init(_ reply: PreparedResponse, to client: Connection) {
        self.client = client
        rest = reply.serialized[...]
        send()
    }

    /// Sends what the socket takes. Call it again as more of the body arrives.
    mutating func send() {
        if rest.isEmpty { return }
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { client.send($0) }
            if sent >= 0 {
                rest = rest.dropFirst(sent)
            } else if errno != EINTR {
                break
            }
        }
        if rest.isEmpty { client.endSending() }
    }
}
