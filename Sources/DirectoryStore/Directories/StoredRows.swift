internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunStore

/// The rows of a run's metrics as they came, one JSON object a line: a file that others append to meanwhile, or the rows
/// that a run's `metrics.json` stands for where there is nothing else.
final class StoredRows: MetricsText, @unchecked Sendable {
    // Sendable: all is constant, and the file is read by position.

    /// Names the text: as long as it is the same, the text has only grown.
    let identity: UInt64
    /// Bytes that are there by now.
    let size: Int
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
    /// - Returns: how much there was
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int {
        try storing { () throws(FileFailure) in
            try Files.read(descriptor, into: buffer, at: offset, path: "metrics")
        }
    }
}
