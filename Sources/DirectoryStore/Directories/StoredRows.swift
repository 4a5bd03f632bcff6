internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunStore

/// The rows of a run's metrics in order of arrival, one JSON object per line: a file that grows meanwhile, or the rows
/// made of a run's `metrics.json` if there is nothing else.
final class StoredRows: MetricsText, @unchecked Sendable {
    // Sendable: everything is constant, and the file is read by offset.

    /// Identifies the text: while it is the same, the text has only grown.
    let identity: UInt64
    /// The present number of bytes.
    let size: Int
    private let descriptor: CInt

    /// Takes an open file and closes it on deinit.
    /// - Parameter identity: nil: the file's own
    init(descriptor: CInt, identity: UInt64? = nil) {
        self.descriptor = descriptor
        var size: Int64 = 0
        let inode = clinux_identity(descriptor, &size)
        self.identity = identity ?? inode
        self.size = Int(size)
    }

    deinit { close(descriptor) }

    /// By how the text begins and ends too, since something else may have changed it.
    var version: BlobVersion {
        get throws(StoreError) {
            var ends = CRC32C()
            for part in [0..<min(size, Self.endLength), max(0, size - Self.endLength)..<size] {
                try read(part).withUnsafeBytes { ends.add($0) }
            }
            let parts = [identity, UInt64(size), UInt64(ends.value)].map { String($0, radix: 16) }
            return BlobVersion(parts.joined(separator: "-"))
        }
    }

    private static let endLength = 1024

    /// Reads a part of the text into a buffer (pread(2)).
    /// - Returns: the number of bytes read
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        try storing { () throws(FileFailure) in
            try Files.read(descriptor, into: buffer, at: offset, path: "metrics")
        }
    }
}
