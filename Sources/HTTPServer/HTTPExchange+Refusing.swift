internal import CMicroHTTPD

/// Requests that are refused before they are complete, on the polling thread.
extension HTTPExchange {
    /// A reply with the fields that every reply to this request has.
    func prepared(_ response: HTTPResponse) -> PreparedResponse {
        guard !replyHeaders.isEmpty else { return PreparedResponse(response, to: id, isEncrypted: isEncrypted) }
        var response = response
        response.headers += replyHeaders
        return PreparedResponse(response, to: id, isEncrypted: isEncrypted)
    }

    func queueEarly(_ fault: HTTPFault) -> MHD_Result {
        queueEarly(server.handler.response(to: fault, of: id, in: self))
    }

    func queueEarly(_ reply: HTTPResponse) -> MHD_Result {
        // Without a body to skip, the reply waits for its regular turn, which keeps the connection.
        if contentLength ?? 0 == 0, !isChunked {
            refusal = reply
            return .YES
        }
        var reply = reply
        reply.closes = true
        client?.lingers = true
        return queue(prepared(reply))
    }

    /// Refuses a head. It may fill libmicrohttpd's memory for the connection, so that a reply has no room.
    func refuseHead(_ fault: HTTPFault) -> MHD_Result {
        var reply = server.handler.response(to: fault, of: id, in: self)
        reply.closes = true
        client?.lingers = true
        let prepared = self.prepared(reply)
        if prepared.headSize <= replyRoom { return queueEarly(reply) }
        sendDirectly(prepared)
        return .NO
    }

    /// Refuses a body that is too large, or for which there is no memory.
    func refuse(_ fault: HTTPFault) {
        stream?.cancel()
        stream = nil
        body = []
        var reply = server.handler.response(to: fault, of: id, in: self)
        reply.closes = true
        refusal = reply
        discarded = 0
        // The end of a chunked body is unknown: its client gets the reply now.
        if isChunked { sendDirectly(prepared(reply)) }
    }

    /// Discards a part of the body of a refused request.
    func discard(_ size: Int) -> MHD_Result {
        discarded += size
        if direct != nil {
            direct?.send()
        } else if discarded > server.limits.discarded, let refusal, sendDirectly(prepared(refusal)) {
            discarded = 0
        }
        // Some more is read: closing a connection with unread bytes resets it, and the client may lose the reply.
        return discarded <= server.limits.discarded ? .YES : .NO
    }

    /// Sends a refusal without libmicrohttpd; it ends the connection.
    /// - Returns: whether it is on its way
    @discardableResult
    private func sendDirectly(_ reply: PreparedResponse) -> Bool {
        direct = client.map { DirectRefusal(reply, to: $0) }
        if direct != nil {
            noteRefused(with: reply)
            client?.lingers = true
        }
        return direct != nil
    }
}
