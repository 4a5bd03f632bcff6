internal import CMicroHTTPD
internal import Glibc

/// Reads a `multipart/form-data` body (RFC 7578) as it comes, by libmicrohttpd's post processor.
package final class MultipartReader: @unchecked Sendable {
    // Sendable: used by one thread at a time, the sink's.

    /// A part's next piece.
    package struct Piece {
        /// The form field's name.
        package let name: String
        /// The file's name, where the part is a file.
        package let fileName: String?
        /// Where in the part this piece begins; 0 starts a new part.
        package let offset: UInt64
        package let bytes: UnsafeRawBufferPointer
    }

    /// The body is not what its content type says, or is cut short.
    package struct Failure: Error {
        package init() {}
    }

    private var processor: OpaquePointer?
    /// What names the boundary. The processor reads it all along, when the request's head may be gone.
    private let contentType: UnsafeMutablePointer<CChar>
    private let receive: (Piece) throws -> Void
    private var failure: (any Error)?
    /// Whether a part has been seen: without one, libmicrohttpd calls any body complete.
    private var hasParts = false

    /// A reader of the exchange's body; nil when its content type is not a form's (MHD_create_post_processor()).
    package init?(exchange: HTTPExchange, receive: @escaping (Piece) throws -> Void) {
        self.receive = receive
        contentType = strdup(exchange.header("Content-Type") ?? "")
        // Unretained: the processor is destroyed before the reader goes.
        processor = cmhd_create_post_processor(
            exchange.connection, contentType, 64 * 1024,
            { context, _, key, fileName, _, _, data, offset, size in
                let reader = Unmanaged<MultipartReader>.fromOpaque(context!).takeUnretainedValue()
                return reader.take(key, fileName, data, offset, size)
            }, Unmanaged.passUnretained(self).toOpaque())
        if processor == nil { return nil }
    }

    deinit {
        if let processor { MHD_destroy_post_processor(processor) }
        free(contentType)
    }

    /// Reads on (MHD_post_process()).
    /// - Throws: `Failure`, or what `receive` threw
    package func read(_ bytes: UnsafeRawBufferPointer) throws {
        guard let processor else { throw Failure() }
        let result = MHD_post_process(processor, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        if let failure { throw failure }
        if result != .YES { throw Failure() }
    }

    /// The body is over (MHD_destroy_post_processor()).
    /// - Throws: `Failure` when it ended too early
    package func finish() throws {
        guard let processor else { return }
        self.processor = nil
        if MHD_destroy_post_processor(processor) != .YES || !hasParts { throw Failure() }
    }

    private func take(
        _ key: UnsafePointer<CChar>?, _ fileName: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
        _ offset: UInt64,
        _ size: Int
    ) -> MHD_Result {
        guard failure == nil else { return .NO }
        hasParts = true
        do {
            try receive(
                Piece(
                    name: key.map { String(cString: $0) } ?? "", fileName: fileName.map { String(cString: $0) },
                    offset: offset, bytes: UnsafeRawBufferPointer(start: data, count: size)))
            return .YES
        } catch {
            failure = error
            return .NO
        }
    }
}
