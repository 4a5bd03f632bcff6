internal import CMicroHTTPD
internal import Glibc
internal import Synchronization

/// What the polling thread calls.
extension ResponseStream {
    /// Bytes of libmicrohttpd's buffer. Of unknown size: for a client of HTTP/1.0; chunks are made in the connection's
    /// own memory. Of known size: as many as are sent at once.
    private static let blockSize = (unknown: 4096, known: 64 << 10)

    /// Makes libmicrohttpd's response (MHD_create_response_from_callback()), which holds the stream.
    func makeResponse() -> OpaquePointer? {
        // Retained for libmicrohttpd; released by the free callback, which it calls once the response goes.
        let context = Unmanaged.passRetained(self)
        let size = size
        let response = MHD_create_response_from_callback(
            size.map { UInt64($0) } ?? UInt64.max, size == nil ? Self.blockSize.unknown : Self.blockSize.known,
            { context, _, buffer, size in
                guard let context, let buffer else { return contentReaderFailed }
                let stream = Unmanaged<ResponseStream>.fromOpaque(context).takeUnretainedValue()
                return stream.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
            }, context.toOpaque(),
            { context in
                if let context { Unmanaged<ResponseStream>.fromOpaque(context).release() }
            })
        if response == nil { context.release() }
        return response
    }

    /// The reply is about to be queued on a connection.
    func attach(to exchange: HTTPExchange) {
        state.withLock { $0.exchange = exchange }
        exchange.server.add(self)
        if isEndless, exchange.server.isStopping { finish() }
    }

    /// The reply is over: everything was sent, the client has gone, or nothing had to be sent.
    func detach() {
        let (exchange, source) = state.withLock { state in
            let taken = (state.exchange, state.source)
            state = State()
            state.isOver = true
            return taken
        }
        exchange?.server.remove(self)
        whenOver()
        // What it holds, such as a file, is released on a worker: closing may block.
        if let source, let exchange {
            exchange.server.workers.long.run { withExtendedLifetime(source) {} }
        }
    }

    /// Moves waiting bytes into a buffer (MHD_ContentReaderCallback); holds the connection if there are none.
    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let (count, asks): (Int, HTTPServer?) = state.withLock { state in
            guard let exchange = state.exchange, !state.isAborted else { return (contentReaderFailed, nil) }
            if state.buffered == 0, state.isFinished {
                return (state.size ?? 0 > state.sent ? contentReaderFailed : contentReaderEnded, nil)
            }
            let count = state.take(into: buffer)
            if count == 0 {
                state.isHeld = true
                exchange.hold(.stream)
            }
            let asks = state.buffered <= limit / 2 && state.source != nil && !state.isAskingSource
            if asks { state.isAskingSource = true }
            return (count, asks ? exchange.server : nil)
        }
        asks?.workers[threads].run { self.askSource() }
        return count
    }

    /// Asks the source for parts until the buffer is full. On a worker.
    private func askSource() {
        var made = 0
        while true {
            // No more than one buffer at a time, however fast the client takes it: other jobs wait for this thread.
            let (source, again): (Source?, HTTPServer?) = state.withLock { state in
                if state.isOpen, state.buffered < limit, made < limit { return (state.source, nil) }
                if state.isOpen, state.buffered < limit { return (nil, state.exchange?.server) }
                state.isAskingSource = false
                return (nil, nil)
            }
            guard let source else {
                again?.workers[threads].run { self.askSource() }
                return
            }
            do {
                guard let part = try source() else { return finish() }
                made += part.count
                append(part)
            } catch {
                return abort()
            }
        }
    }
}

extension ResponseStream.State {
    /// Moves as many bytes as fit into a buffer.
    fileprivate mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while let part = parts.first, filled < buffer.count {
            let count = min(part.count - offset, buffer.count - filled)
            part.withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
            }
            filled += count
            offset += count
            if offset == part.count {
                parts.removeFirst()
                offset = 0
            }
        }
        buffered -= filled
        sent += filled
        return filled
    }
}

/// MHD_CONTENT_READER_END_OF_STREAM, a macro that Swift does not import.
private let contentReaderEnded = -1

/// MHD_CONTENT_READER_END_WITH_ERROR, likewise: the connection is closed without the end of the chunked body.
let contentReaderFailed = -2
