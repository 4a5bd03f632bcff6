internal import CMicroHTTPD
internal import Glibc

/// A file that is sent over TLS, where sendfile(2) cannot be used.
///
/// libmicrohttpd's own reader of files takes 4096 bytes at a time (0.9.75); a record of TLS has room for four times as
/// many (RFC 8446 section 5.1).
final class EncryptedFile {
    private let descriptor: Int32
    private let offset: Int

    /// Bytes of one read, and of one record.
    private static let blockSize = 16 << 10

    /// - Parameter descriptor: owned from here on
    init(_ descriptor: Int32, offset: Int) { (self.descriptor, self.offset) = (descriptor, offset) }

    deinit { close(descriptor) }

    /// Makes libmicrohttpd's response (MHD_create_response_from_callback()), which holds the file.
    func makeResponse(size: Int) -> OpaquePointer? {
        // Retained for libmicrohttpd; released by the free callback, which it calls once the response goes.
        let context = Unmanaged.passRetained(self)
        let response = MHD_create_response_from_callback(
            UInt64(size), Self.blockSize,
            { context, position, buffer, size in
                guard let context, let buffer else { return contentReaderFailed }
                let file = Unmanaged<EncryptedFile>.fromOpaque(context).takeUnretainedValue()
                return file.read(into: buffer, size, at: Int(position))
            }, context.toOpaque(),
            { context in
                if let context { Unmanaged<EncryptedFile>.fromOpaque(context).release() }
            })
        if response == nil { context.release() }
        return response
    }

    /// Reads a block (pread(2), MHD_ContentReaderCallback). A file that has become shorter ends the connection.
    private func read(into buffer: UnsafeMutablePointer<CChar>, _ size: Int, at position: Int) -> Int {
        while true {
            let count = pread(descriptor, buffer, size, offset + position)
            if count > 0 { return count }
            if count == 0 || errno != EINTR { return contentReaderFailed }
        }
    }
}
