internal import CMicroHTTPD
internal import Limits

/// How a request arrives, on the polling thread: its head, then its body part by part, which is collected, streamed or
/// refused.
extension HTTPExchange {
    /// Bytes of a collected body that are not counted: those of all connections together fit into memory.
    static let unaccounted = 64 << 10

    /// The head has arrived.
    func start() -> MHD_Result {
        let limits = server.limits
        headSize = cmhd_head_size(connection)
        let fields = Int(cmhd_field_count(connection))
        replyRoom = limits.replyRoom(head: headSize, fields: fields)
        if let headFault { return refuseHead(headFault) }
        if fields > limits.fields { return refuseHead(.tooManyFields(limit: limits.fields)) }
        if server.isStopping { return queueEarly(.shuttingDown) }
        let announced = contentLength

        let plan = server.handler.accept(self)
        self.plan = plan
        switch plan {
        case .collect(let limit, _):
            if let announced, announced > limit { return queueEarly(.bodyTooLarge(limit: limit)) }
            if let announced {
                guard account(for: announced) else { return queueEarly(.noMemory) }
                body.reserveCapacity(announced)
            }
        case .stream(let sink, let limit):
            if let announced, announced > limit {
                sink.cancel()
                return queueEarly(.bodyTooLarge(limit: limit))
            }
            guard let share = try? server.bodyMemory.share(BodyStream.memory(limits)) else {
                sink.cancel()
                return queueEarly(.noMemory)
            }
            stream = BodyStream(sink: sink, exchange: self, memory: share)
        case .refuse(let reply):
            // A short body is read and discarded, so that the connection can be kept. If the client waits for
            // `100 Continue`, it is not asked for the body (RFC 9110 section 10.1.1).
            if expectsContinue || announced ?? 0 > limits.discarded { return queueEarly(reply) }
            refusal = reply
        }
        return .YES
    }

    /// A part of the body has arrived. All of it is taken, since what is left fills libmicrohttpd's memory.
    func receive(_ part: UnsafeRawBufferPointer) -> MHD_Result {
        if refusal != nil { return discard(part.count) }
        received += part.count
        switch plan {
        case .collect(let limit, _):
            if received > limit {
                refuse(.bodyTooLarge(limit: limit))
            } else if !account(for: received) {
                refuse(.noMemory)
            } else {
                body.append(contentsOf: part)
            }
        case .stream(_, let limit):
            if received > limit { refuse(.bodyTooLarge(limit: limit)) } else { stream?.take(part) }
        case .refuse, nil: break
        }
        return .YES
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    private var expectsContinue: Bool { !isHTTP10 && headerBytes("Expect") != nil }

    /// Takes memory for a collected body of this many bytes, out of the memory for all bodies.
    /// - Returns: false if there is not enough
    private func account(for size: Int) -> Bool {
        guard size > accounted else { return true }
        // More of a chunked body may follow: memory is taken in large steps, not for each part.
        let step = max(size - accounted, isChunked ? 256 << 10 : 0)
        do {
            if let memory {
                try memory.grow(by: step)
            } else {
                memory = try server.bodyMemory.share(step)
            }
        } catch {
            return false
        }
        accounted += step
        return true
    }
}
