internal import CArchive
internal import Glibc
internal import RunMetadata
internal import RunStore

/// Reads tar, tar.gz and zip, by libarchive (libarchive-formats(5)) and ISA-L.
enum ArchiveReader {
    /// Where an archive is read from.
    enum Archive: Sendable {
        /// A file that is complete.
        case file(String)
        /// A gzip that is open; it is closed with the archive.
        case descriptor(CInt)
        /// A gzip that is still being written; read from its start to its end.
        case arriving(StagingFile)
    }

    /// What an archive is.
    struct Kind {
        let isGzippedTar: Bool
    }

    /// An entry, while it is the current one.
    struct Entry {
        let path: String
        let isFile: Bool
        let isDirectory: Bool
        /// Announced bytes; an archive may hold more or fewer.
        let size: Int
        let mode: UInt32
        /// Seconds since 1970.
        let modified: Int
        fileprivate let archive: OpaquePointer
        fileprivate let subject: String

        /// Whether it is the folder itself, as `tar -c .` writes it.
        var isRoot: Bool { isDirectory && (path == "." || path == "./") }

        /// Reads the content, part by part (archive_read_data()).
        func read(_ take: (UnsafeRawBufferPointer) throws -> Void) throws {
            try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
                while true {
                    let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
                    if count < 0 { throw ArchiveReader.fault(archive, subject) }
                    if count == 0 { return }
                    try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                }
            }
        }
    }

    /// Reads an archive from its first entry to its last.
    /// - Parameter subject: what it is called in what is said of it
    /// - Throws: a fault of shape when it is none, is damaged or cut short; and what `body` throws
    @discardableResult
    static func forEachEntry(
        of source: Archive, subject: String = "source: the body", _ body: (Entry) throws -> Void
    ) throws -> Kind {
        guard let archive = archive_read_new() else { throw fault(nil, subject) }
        defer { archive_read_free(archive) }
        archive_read_support_format_tar(archive)
        archive_read_support_format_zip(archive)
        let gzip = try open(source, archive, subject)
        return try withExtendedLifetime(gzip) {
            do { try read(archive, subject, body) } catch {
                if let gzip, gzip.isDamaged { throw Self.damagedGzip(subject) }
                throw error
            }
            if let gzip, !gzip.drain() { throw Self.damagedGzip(subject) }
            let isTar = archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR
            return Kind(isGzippedTar: isTar && gzip != nil)
        }
    }

    private static func read(_ archive: OpaquePointer, _ subject: String, _ body: (Entry) throws -> Void) throws {
        while true {
            var pointer: OpaquePointer?
            let code = archive_read_next_header(archive, &pointer)
            if code == ARCHIVE_EOF { return }
            guard code == ARCHIVE_OK, let pointer else { throw fault(archive, subject) }
            try body(entry(pointer, archive, subject))
        }
    }

    /// Opens an archive (archive_read_open_filename(), archive_read_open()).
    /// - Returns: the gzip that it is read through, which has to live as long as it is read
    private static func open(
        _ source: Archive, _ archive: OpaquePointer, _ subject: String
    ) throws -> GzippedArchive? {
        guard let gzip = gzip(source) else {
            if case .file(let path) = source,
                archive_read_open_filename(archive, path, 256 * 1024) == ARCHIVE_OK
            {
                return nil
            }
            throw fault(archive, subject)
        }
        // Unretained: the caller keeps it while it reads.
        let code = archive_read_open(
            archive, Unmanaged.passUnretained(gzip).toOpaque(), nil,
            { archive, context, bytes in
                let gzip = Unmanaged<GzippedArchive>.fromOpaque(context!).takeUnretainedValue()
                guard let part = gzip.next() else { return -1 }
                bytes?.pointee = part.baseAddress
                return part.count
            }, nil)
        guard code == ARCHIVE_OK else { throw gzip.isDamaged ? damagedGzip(subject) : fault(archive, subject) }
        return gzip
    }

    private static func gzip(_ source: Archive) -> GzippedArchive? {
        switch source {
        case .arriving(let file): return GzippedArchive(.arriving(file))
        case .descriptor(let descriptor): return GzippedArchive(.descriptor(descriptor))
        case .file(let path):
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
            var beginning: [UInt8] = [0, 0]
            if pread(descriptor, &beginning, 2, 0) == 2, GzippedArchive.isGzip(beginning) {
                return GzippedArchive(.descriptor(descriptor))
            }
            close(descriptor)
            return nil
        }
    }

    private static func entry(_ pointer: OpaquePointer, _ archive: OpaquePointer, _ subject: String) -> Entry {
        let type = archive_entry_filetype(pointer)
        let isLink = archive_entry_hardlink(pointer) != nil || archive_entry_symlink(pointer) != nil
        let name = archive_entry_pathname_utf8(pointer) ?? archive_entry_pathname(pointer)
        return Entry(
            path: name.map { String(cString: $0) } ?? "", isFile: type == 0o100000 && !isLink,
            isDirectory: type == 0o040000, size: Int(archive_entry_size(pointer)),
            mode: UInt32(archive_entry_perm(pointer)) & 0o777, modified: Int(archive_entry_mtime(pointer)),
            archive: archive, subject: subject)
    }

    private static func damagedGzip(_ subject: String) -> MetadataFault {
        .shape(nil, "\(subject) is no sound tar, tar.gz or zip: the gzip is damaged or cut short")
    }

    fileprivate static func fault(_ archive: OpaquePointer?, _ subject: String) -> MetadataFault {
        let reason = archive.flatMap { archive_error_string($0) }.map { String(cString: $0) } ?? "it cannot be read"
        return .shape(nil, "\(subject) is no sound tar, tar.gz or zip: \(reason)")
    }
}
