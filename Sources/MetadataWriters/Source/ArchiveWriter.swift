internal import CArchive
internal import CLinux
internal import Glibc
internal import RunStore

/// Writes a tar.gz, by libarchive.
final class ArchiveWriter {
    private let archive: OpaquePointer
    private let path: String

    /// Begins an archive in a file that is there (archive_write_open_filename()).
    init(path: String) throws {
        self.path = path
        archive = archive_write_new()
        archive_write_set_format_pax_restricted(archive)
        archive_write_add_filter_gzip(archive)
        // The same files make the same bytes.
        archive_write_set_filter_option(archive, "gzip", "timestamp", nil)
        try check(archive_write_open_filename(archive, path))
    }

    deinit { archive_write_free(archive) }

    /// Begins a file.
    func begin(_ name: String, size: Int, mode: UInt32, modified: Int) throws {
        let entry = archive_entry_new()
        defer { archive_entry_free(entry) }
        archive_entry_update_pathname_utf8(entry, name)
        archive_entry_set_size(entry, Int64(size))
        archive_entry_set_filetype(entry, 0o100000)
        archive_entry_set_perm(entry, mode)
        archive_entry_set_mtime(entry, modified, 0)
        try check(archive_write_header(archive, entry))
    }

    /// Writes on in the file that was begun.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        if archive_write_data(archive, bytes.baseAddress, bytes.count) < 0 { throw failure() }
    }

    /// Adds a file of this machine.
    func add(_ name: String, contentsOf file: String, mode: UInt32) throws {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreError.failed(FileFailure("open", name)) }
        defer { close(descriptor) }
        let status = clinux_look(file, 1)
        try begin(name, size: Int(status.size), mode: mode, modified: Int(status.modified))
        try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            while true {
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if count < 0 { throw StoreError.failed(FileFailure("read", name)) }
                if count == 0 { return }
                try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }

    /// Ends the archive.
    func finish() throws { try check(archive_write_close(archive)) }

    /// A warning (a name that an old format cannot hold) is no failure.
    private func check(_ code: CInt) throws { if code < ARCHIVE_WARN { throw failure() } }

    private func failure() -> StoreError {
        StoreError(FileFailure("write", "source.tar.gz", errno: archive_errno(archive)))
    }
}
