internal import CLinux
internal import Glibc
internal import Limits

/// The rows of a run's metrics as they came, one JSON object a line: a file that others append to meanwhile, or the rows
/// that a run's `metrics.json` stands for where there is nothing else.
package final class StoredRows: @unchecked Sendable {
    // Sendable: all is constant, and the file is read by position.

    /// Names the text: as long as it is the same, the text has only grown.
    package let identity: UInt64
    /// Bytes that are there by now.
    package let size: Int
    private let descriptor: CInt

    /// Takes an open file and closes it at the end.
    /// - Parameter identity: nil: the file's own
    init(descriptor: CInt, identity: UInt64? = nil) {
        self.descriptor = descriptor
        var size: Int64 = 0
        let inode = clinux_identity(descriptor, &size)
        self.identity = identity ?? inode
        self.size = Int(size)
    }

    deinit { close(descriptor) }

    /// Reads a part of the text into a buffer (pread(2)).
    /// - Returns: how much there was
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        try storing { () throws(FileFailure) in
            try Files.read(descriptor, into: buffer, at: offset, path: "metrics")
        }
    }

    /// Reads a part of the text; less where the file was cut short.
    /// - Throws: `tooLarge` where that is more than is held in memory
    package func read(_ range: Range<Int>) throws(StoreError) -> [UInt8] {
        if range.count > WholeText.limit.most {
            throw .tooLarge("the part of the metrics that is asked for is \(LimitExceeded(WholeText.limit))")
        }
        var failure: StoreError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            do throws(StoreError) {
                count = try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }
}
