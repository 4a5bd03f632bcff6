internal import CMicroHTTPD
internal import Glibc

/// How a request comes in, on the polling thread: its head, and its body part by part, to be collected, streamed or refused.
extension HTTPExchange {
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
            writeRefusal()
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

    /// Stops reading this connection until the sink of its body has room again.
    func suspendForRoom() { MHD_suspend_connection(connection) }

    /// Reads on.
    func resumeForRoom() { server.resume(connection) }

    // MARK: Past libmicrohttpd

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

    /// Whether the client has closed the connection in the middle of its body.
    ///
    /// libmicrohttpd learns of it from an edge of epoll, which there is none of when the end came along with the last bytes
    /// that were read: it would wait for more until the timeout. (Where the bytes filled its buffer, it reads on by itself.)
    private func hasClientLeft() -> Bool {
        guard let announced = contentLength, received < announced else { return false }
        var byte: UInt8 = 0
        return recv(cmhd_connection_socket(connection), &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) == 0
    }

    // MARK: Refusing

    private func refuse(_ reply: HTTPResponse) {
        var reply = reply
        reply.closes = true
        refusal = reply
        discarded = 0
        if isChunked { writeRefusal() }
    }

    /// Sends the refusal past libmicrohttpd; what still comes of the body is thrown away.
    private func writeRefusal() {
        guard let refusal, !refusalWasWritten else { return }
        refusalWasWritten = true
        write(PreparedResponse(refusal))
        shutdown(cmhd_connection_socket(connection), Int32(SHUT_WR))
    }

    /// Refuses a head that fills libmicrohttpd's memory for the connection, in which there may be no room for a reply.
    private func writeEarly(_ fault: HTTPFault) -> MHD_Result {
        refusal = server.handler.response(to: fault, in: self)
        writeRefusal()
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
}
