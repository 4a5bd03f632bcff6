internal import Glibc
internal import RunMetadata
package import RunStore

/// Packs a run's files as a tar.gz, part by part on demand. The folder at the top has the run's id as its name.
package final class BundlePacker: @unchecked Sendable {
    // Sendable: `next()` is called by one thread at a time.

    private let bundle: any RunBundle
    private let writer: ArchiveWriter
    private let output = ArchiveWriter.Output()
    private var nextEntry = 0
    /// The file that is being packed, and the number of its bytes that are done.
    private var file: (any Blob)?
    private var offset = 0
    private var hasEnded = false
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)

    package init(_ bundle: any RunBundle) throws {
        self.bundle = bundle
        writer = try ArchiveWriter(to: output)
        let modified = bundle.entries.map(\.modified).max() ?? 0
        try writer.addFolder(Array(bundle.run.description.utf8), mode: 0o755, modified: modified)
    }

    deinit { buffer.deallocate() }

    /// The next bytes; nil at the end.
    /// - Throws: also if a file became shorter while it was read
    package func next() throws -> [UInt8]? {
        while output.isEmpty, !hasEnded { try packMore() }
        return output.isEmpty ? nil : output.take()
    }

    private func packMore() throws {
        if let file { return try packPart(of: file) }
        guard nextEntry < bundle.entries.count else {
            try writer.finish()
            hasEnded = true
            return
        }
        let (index, entry) = (nextEntry, bundle.entries[nextEntry])
        nextEntry += 1
        let name = Array("\(bundle.run)/".utf8) + entry.path
        if entry.isFolder { return try writer.addFolder(name, mode: entry.mode, modified: entry.modified) }
        guard let opened = try bundle.open(index) else { return }
        file = opened
        offset = 0
        try writer.begin(name, size: opened.size, mode: entry.mode, modified: entry.modified)
    }

    private func packPart(of file: any Blob) throws {
        if offset < file.size {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, file.size - offset)])
            let count = try file.read(at: offset, into: rest)
            guard count > 0 else {
                throw StoreError.unreadable("a file of the run became shorter while it was being packed")
            }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            offset += count
        }
        if offset >= file.size { self.file = nil }
    }
}
