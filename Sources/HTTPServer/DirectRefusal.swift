internal import Glibc

/// A refusal that goes straight to the client (`cmhd_send()`), past libmicrohttpd. That direction ends with it, and the
/// connection soon after.
///
/// The one case in which libmicrohttpd cannot send: `MHD_queue_response()` takes a reply at the head of a request and
/// behind the whole of it, but none in the middle of its body (0.9.75), and none whose head has no room in the
/// connection's memory beside the request's. Of a chunked body nobody knows where it ends, and its client should not
/// have to send for hours before it is told. Nothing else is on its way meanwhile: the replies to earlier requests were
/// sent before this one was read.
struct DirectRefusal {
    private let client: Connection
    /// What the socket has not taken yet.
    private var rest: ArraySlice<UInt8>

    /// Begins to send.
    init(_ reply: PreparedResponse, to client: Connection) {
        self.client = client
        rest = reply.serialized[...]
        send()
    }

    /// Sends what the socket takes. To be called again as more of the body comes.
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
