internal import HTTPServer
internal import RunStore

extension HTTPResponse.Body {
    /// Bytes of a blob that are read at a time, if it has no descriptor.
    private static let piece = 256 << 10

    /// A blob: sent from its descriptor if it has one, else read while it is sent.
    static func blob(_ blob: any Blob) -> HTTPResponse.Body {
        if let descriptor = blob.openDescriptor() { return .file(descriptor: descriptor, size: blob.size) }
        let reader = BlobReader(blob)
        return .stream(
            ResponseStream(size: blob.size, on: blob.isRemote ? .remote : .long) { try reader.next(piece) })
    }
}

/// Reads a blob piece by piece.
private final class BlobReader: @unchecked Sendable {
    // Sendable: a stream reads its source one part at a time.

    private let blob: any Blob
    private var offset = 0

    init(_ blob: any Blob) { self.blob = blob }

    /// The next piece; nil at the end.
    func next(_ most: Int) throws -> [UInt8]? {
        var failure: StoreError?
        let piece = [UInt8](unsafeUninitializedCapacity: min(most, blob.size - offset)) { buffer, count in
            do throws(StoreError) {
                count = try blob.read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
        }
        if let failure { throw failure }
        if piece.isEmpty, offset < blob.size { throw StoreError.unreadable("a file became shorter while it was sent") }
        offset += piece.count
        return piece.isEmpty ? nil : piece
    }
}
