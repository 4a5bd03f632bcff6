internal import CMicroHTTPD
internal import Glibc
package import Limits

/// Reads a `multipart/form-data` body (RFC 7578) as it arrives, with libmicrohttpd's post processor.
package final class MultipartReader: @unchecked Sendable {
    // Sendable: used by one thread at a time, the sink's.

    /// The next piece of a part.
    package struct Piece {
        /// The form field's name.
        package let name: String
        /// The file's name, if the part is a file.
        package let fileName: String?
        /// Whether it begins a new part.
        package let isFirst: Bool
        package let bytes: UnsafeRawBufferPointer
    }

    /// The body does not match its content type, or is truncated.
    package struct Failure: Error {
        package init() {}
    }

    private var processor: OpaquePointer?
    private let budget: Budget
    private let fields: Budget
    /// The content type with the boundary. The processor reads it all along, when the request's head may have gone.
    private let contentType: UnsafeMutablePointer<CChar>
    private let receive: (Piece) throws -> Void
    private var failure: (any Error)?
    /// Whether a part has been seen: without one, libmicrohttpd accepts any body as complete.
    private var hasParts = false
    /// The name and file name of a part without content so far.
    private var empty: (name: String, fileName: String?)?

    /// A reader of the exchange's body; nil if its content type is not a form's (MHD_create_post_processor()).
    /// - Parameters:
    ///   - budget: each part counts as an entry, and all parts' bytes count
    ///   - fields: bytes that are held in memory: parts that are not files, and all names
    package init?(
        exchange: HTTPExchange, budget: Budget, fields: Budget, receive: @escaping (Piece) throws -> Void
    ) {
        (self.budget, self.fields, self.receive) = (budget, fields, receive)
        guard let boundary = exchange.headerBytes("Content-Type").flatMap({ MultipartBoundary.read($0) }) else {
            contentType = strdup("")
            return nil
        }
        // libmicrohttpd (0.9.75) looks for "boundary=" in lower case, and takes what follows up to the end. It accepts
        // a boundary of one character only in quotes.
        contentType = strdup("multipart/form-data; boundary=\"\(String(decoding: boundary, as: UTF8.self))\"")
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
    /// - Throws: `Failure`, `LimitExceeded`, or what `receive` threw
    package func read(_ bytes: UnsafeRawBufferPointer) throws {
        guard let processor else { throw Failure() }
        let result = MHD_post_process(processor, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        if let failure { throw failure }
        if result != .YES { throw Failure() }
    }

    /// The body has ended (MHD_destroy_post_processor()).
    /// - Throws: `Failure` if it ended too early
    package func finish() throws {
        guard let processor else { return }
        self.processor = nil
        if MHD_destroy_post_processor(processor) != .YES || !hasParts { throw Failure() }
    }

    /// libmicrohttpd reports a part once before its first byte, if that has not arrived yet, and again with it.
    private func piece(_ name: String, _ fileName: String?, _ offset: UInt64, _ bytes: UnsafeRawBufferPointer) -> Piece
    {
        let goesOn = empty.map { !bytes.isEmpty && $0.name == name && $0.fileName == fileName } ?? false
        empty = offset == 0 && bytes.isEmpty ? (name, fileName) : nil
        return Piece(name: name, fileName: fileName, isFirst: offset == 0 && !goesOn, bytes: bytes)
    }

    private func count(_ piece: Piece) throws(LimitExceeded) {
        if piece.isFirst {
            try budget.take(of: .entries)
            try fields.take(piece.name.utf8.count + (piece.fileName?.utf8.count ?? 0), of: .bytes)
        }
        try budget.take(piece.bytes.count, of: .bytes)
        if piece.fileName == nil { try fields.take(piece.bytes.count, of: .bytes) }
    }

    private func take(
        _ key: UnsafePointer<CChar>?, _ fileName: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
        _ offset: UInt64,
        _ size: Int
    ) -> MHD_Result {
        guard failure == nil else { return .NO }
        hasParts = true
        do {
            let piece = piece(
                key.map { String(cString: $0) } ?? "", fileName.map { String(cString: $0) }, offset,
                UnsafeRawBufferPointer(start: data, count: size))
            try count(piece)
            try receive(piece)
            return .YES
        } catch {
            failure = error
            return .NO
        }
    }
}
