internal import CMicroHTTPD
internal import Limits

/// How a request comes in, on the polling thread: its head, and its body part by part, to be collected, streamed or refused.
extension HTTPExchange {
    /// Bytes of a collected body that are not counted: those of all connections at once fit into memory.
    static let unaccounted = 64 << 10

    /// The head is here.
    func start() -> MHD_Result {
        let limits = server.limits
        headSize = cmhd_head_size(connection)
        let fields = Int(cmhd_field_count(connection))
        replyRoom = limits.replyRoom(head: headSize, fields: fields)
        if let fault = headFault(fields: fields) { return refuseHead(fault) }
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
            // A short body is read and dropped, so that the connection can go on.
            if let announced, announced > limits.discarded { return queueEarly(reply) }
            refusal = reply
        }
        return .YES
    }

    /// A part of the body is here, all of which is taken: libmicrohttpd has the more of it in its memory the more is left.
    func receive(_ part: UnsafeRawBufferPointer) -> MHD_Result {
        stuckQuestions.noteProgress()
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

    /// What is wrong with the head.
    private func headFault(fields: Int) -> HTTPFault? {
        let limits = server.limits
        if client?.targetLength ?? path.count > limits.target {
            return .targetTooLong(limit: limits.target)
        }
        if headSize > limits.head { return .headTooLarge(limit: limits.head) }
        if fields > limits.fields { return .tooManyFields(limit: limits.fields) }
        if isChunked, let coding = headerBytes("Transfer-Encoding"), !Self.isChunked(coding) {
            return .unknownTransferCoding
        }
        // libmicrohttpd sees such a length as none (CMicroHTTPD.c).
        if !isChunked, contentLength == nil, let length = headerBytes("Content-Length") {
            let isNumber =
                !length.isEmpty && length.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            return .malformed(status: isNumber ? 413 : 400)
        }
        if let expected = headerBytes("Expect"), !expected.elementsEqual("100-continue".utf8),
            String(decoding: expected, as: UTF8.self).lowercased() != "100-continue"
        {
            return .expectationFailed
        }
        return nil
    }

    private static func isChunked(_ coding: UnsafeRawBufferPointer) -> Bool {
        coding.elementsEqual("chunked".utf8)
            || String(decoding: coding, as: UTF8.self).lowercased() == "chunked"
    }

    /// Takes memory for a collected body of so many bytes from what all bodies share.
    /// - Returns: false when there is not enough
    private func account(for size: Int) -> Bool {
        guard size > accounted else { return true }
        // Of a chunked body more may come: not a step for each part.
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
