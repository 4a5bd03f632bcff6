internal import CArchive
internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunStore

/// Writes a tar.gz, by libarchive.
final class ArchiveWriter {
    /// Collects the bytes of an archive that is not written to a file.
    final class Output {
        private var bytes: [UInt8] = []

        var isEmpty: Bool { bytes.isEmpty }

        /// The bytes since the last call.
        func take() -> [UInt8] {
            defer { bytes = [] }
            return bytes
        }

        fileprivate func append(_ part: UnsafeRawBufferPointer) { bytes.append(contentsOf: part) }
    }

    private let archive: OpaquePointer
    private let output: Output?

    /// Begins an archive in an existing file (archive_write_open_filename()).
    init(path: String) throws {
        output = nil
        archive = Self.make()
        try check(archive_write_open_filename(archive, path))
    }

    /// Begins an archive whose bytes are collected (archive_write_open()), compressed for speed rather than size.
    init(to output: Output) throws {
        self.output = output
        archive = Self.make()
        archive_write_set_filter_option(archive, "gzip", "compression-level", "1")
        archive_write_set_bytes_per_block(archive, 64 * 1024)
        archive_write_set_bytes_in_last_block(archive, 1)
        // Unretained: this writer retains it.
        let context = Unmanaged.passUnretained(output).toOpaque()
        try check(
            archive_write_open(
                archive, context, nil,
                { _, context, bytes, count in
                    guard let context else { return -1 }
                    Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
                        .append(UnsafeRawBufferPointer(start: bytes, count: count))
                    return count
                }, nil))
    }

    private static func make() -> OpaquePointer {
        let archive: OpaquePointer = archive_write_new()
        archive_write_set_format_pax_restricted(archive)
        archive_write_add_filter_gzip(archive)
        // So that the same files give the same bytes.
        archive_write_set_filter_option(archive, "gzip", "timestamp", nil)
        return archive
    }

    deinit { archive_write_free(archive) }

    /// Begins a file.
    func begin(_ name: String, size: Int, mode: UInt32, modified: Int) throws {
        try begin(Array(name.utf8), size: size, mode: mode, modified: modified)
    }

    /// Begins a file, whose name need not be UTF-8.
    func begin(_ name: [UInt8], size: Int, mode: UInt32, modified: Int) throws {
        try add(name, size: size, type: 0o100000, mode: mode, modified: modified)
    }

    /// Adds a folder, whose name need not be UTF-8.
    func addFolder(_ name: [UInt8], mode: UInt32, modified: Int) throws {
        try add(name + Array("/".utf8), size: 0, type: 0o040000, mode: mode, modified: modified)
    }

    private func add(_ name: [UInt8], size: Int, type: UInt32, mode: UInt32, modified: Int) throws {
        let entry = archive_entry_new()
        defer { archive_entry_free(entry) }
        (name + [0]).withUnsafeBytes { name in
            // Writes the bytes unchanged. archive_entry_update_pathname_utf8() would write names that Unicode calls
            // equal as one name.
            archive_entry_copy_pathname(entry, name.baseAddress?.assumingMemoryBound(to: CChar.self))
        }
        archive_entry_set_size(entry, Int64(size))
        archive_entry_set_filetype(entry, type)
        archive_entry_set_perm(entry, mode)
        archive_entry_set_mtime(entry, modified, 0)
        try check(archive_write_header(archive, entry))
    }

    /// Continues the current file (archive_write_data()).
    /// - Throws: also if there are more bytes than announced; libarchive would write only a part of them
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        let count = archive_write_data(archive, bytes.baseAddress, bytes.count)
        if count < 0 { throw failure() }
        if count < bytes.count { throw StoreError.unreadable("a file became longer while it was being packed") }
    }

    /// Adds a local file.
    /// - Parameter size: its size when it was counted; no more is read
    /// - Throws: if it has become shorter
    func add(_ name: String, contentsOf file: String, size: Int, mode: UInt32) throws {
        // O_NONBLOCK: opening must not wait if a FIFO has replaced the file.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw StoreError(local: FileFailure("open", name)) }
        defer { close(descriptor) }
        let status = clinux_look(file, 1)
        try add(name, size: size, mode: mode, modified: Int(status.modified)) { buffer, offset in
            pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        }
    }

    /// Adds a file of a form.
    func add(_ name: String, contentsOf file: UploadedFile, mode: UInt32) throws {
        try add(name, size: file.size, mode: mode, modified: file.modified) { buffer, offset in
            file.read(at: offset, into: buffer)
        }
    }

    private func add(
        _ name: String, size: Int, mode: UInt32, modified: Int,
        _ read: (_ buffer: UnsafeMutableRawBufferPointer, _ offset: Int) -> Int
    ) throws {
        try begin(name, size: size, mode: mode, modified: modified)
        try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            var offset = 0
            while offset < size {
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, size - offset)])
                let count = read(part, offset)
                if count < 0 { throw StoreError(local: FileFailure("read", name)) }
                if count == 0 { throw StoreError.unreadable("\"\(name)\" became shorter while it was being packed") }
                try write(UnsafeRawBufferPointer(rebasing: part[..<count]))
                offset += count
            }
        }
    }

    /// Ends the archive.
    func finish() throws { try check(archive_write_close(archive)) }

    /// Throws on failure; a warning (a name that an old format cannot hold) is not a failure.
    private func check(_ code: CInt) throws { if code < ARCHIVE_WARN { throw failure() } }

    private func failure() -> StoreError {
        StoreError(local: FileFailure("write", "an archive", errno: archive_errno(archive)))
    }
}
