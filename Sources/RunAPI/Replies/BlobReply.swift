internal import HTTPServer
internal import RunStore

extension HTTPResponse.Body {
    /// Bytes of a blob that are read at a time, if it has no descriptor.
    private static let piece = 256 << 10

    /// A blob, or a range of its bytes: sent from its descriptor if it has one, else read while it is sent.
    /// - Throws: if it is short, and cannot be read
    static func blob(_ blob: any Blob, _ range: Range<Int>? = nil) throws -> HTTPResponse.Body {
        let range = range ?? 0..<blob.size
        if let descriptor = blob.openDescriptor() {
            return .file(descriptor: descriptor, size: range.count, offset: range.lowerBound)
        }
        let reader = BlobReader(blob, range)
        if range.count <= piece { return .bytes(try reader.next(piece) ?? []) }
        return .stream(
            ResponseStream(size: range.count, on: blob.isRemote ? .remote : .long) { try reader.next(piece) })
    }
}

/// Reads a range of a blob piece by piece.
private final class BlobReader: @unchecked Sendable {
    // Sendable: a stream reads its source one part at a time.

    private let blob: any Blob
    private var rest: Range<Int>

    init(_ blob: any Blob, _ range: Range<Int>) { (self.blob, rest) = (blob, range) }

    /// The next piece; nil at the end.
    /// - Throws: also if the blob has become shorter
    func next(_ most: Int) throws -> [UInt8]? {
        var failure: StoreError?
        let piece = [UInt8](unsafeUninitializedCapacity: min(most, rest.count)) { buffer, count in
            do throws(StoreError) {
                count = try blob.read(at: rest.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
                if count < buffer.count { failure = .unreadable("a file became shorter while it was sent") }
            } catch { failure = error }
        }
        if let failure { throw failure }
        rest = rest.lowerBound + piece.count..<rest.upperBound
        return piece.isEmpty ? nil : piece
    }
}
