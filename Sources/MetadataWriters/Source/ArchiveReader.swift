internal import CArchive
internal import Glibc
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Reads tar, tar.gz and zip, by libarchive (libarchive-formats(5)) and ISA-L.
enum ArchiveReader {
    /// The source of an archive.
    enum Archive: Sendable {
        /// A file that is complete.
        case file(String)
        /// A gzip in a store.
        case blob(any Blob)
        /// A gzip that is still being written; read from its start to its end.
        case arriving(StagingFile)
    }

    /// The format of an archive.
    struct Kind {
        let isGzippedTar: Bool
    }

    /// Reads an archive from its first entry to its last. Every entry and every byte of content counts against the
    /// budget, whether `body` reads it or not.
    /// - Parameters:
    ///   - budget: bytes unpacked, the holes of sparse files in full; entries
    ///   - subject: what messages call it
    ///   - isCancelled: called while reading
    /// - Throws: a fault of shape if it is not an archive, damaged or truncated; `exceeded`, naming the entry, if it
    ///   exceeds the budget, or a name is too long or too deep; `WriterFailure.stopping`; errors of `body`
    @discardableResult
    static func forEachEntry(
        of source: Archive, budget: Budget, subject: String = "source: the body",
        isCancelled: @escaping () -> Bool = { false }, _ body: (ArchiveEntry) throws -> Void
    ) throws -> Kind {
        guard let archive = archive_read_new() else { throw fault(nil, subject) }
        defer { archive_read_free(archive) }
        archive_read_support_format_tar(archive)
        archive_read_support_format_zip(archive)
        let input = try ArchiveInput(source, budget: budget, isCancelled: isCancelled)
        return try withExtendedLifetime(input) {
            var current: String?
            do {
                try open(input, archive, subject)
                while let pointer = try nextHeader(archive, input, subject) {
                    let entry = try ArchiveEntry(pointer, archive, input, budget, subject)
                    current = entry.path
                    try body(entry)
                    try entry.skip()
                }
                if !input.drain() { throw damagedGzip(subject) }
            } catch {
                // libarchive only reports that it could not continue.
                throw ended(input, after: current, subject) ?? error
            }
            let isTar = archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR
            return Kind(isGzippedTar: isTar && input.isGzip)
        }
    }

    /// archive_read_next_header(); nil at the end.
    private static func nextHeader(
        _ archive: OpaquePointer, _ input: ArchiveInput, _ subject: String
    ) throws -> OpaquePointer? {
        var pointer: OpaquePointer?
        let code = input.inHead {
            input.isZip
                ? archive_read_next_header(archive, &pointer)
                : withNamesAsTheyAre { archive_read_next_header(archive, &pointer) }
        }
        if code == ARCHIVE_EOF { return nil }
        guard let pointer, code == ARCHIVE_OK || code == ARCHIVE_WARN && isOfName(archive, pointer) else {
            throw fault(archive, subject)
        }
        return pointer
    }

    /// The locale of plain bytes (locale(7)).
    private static nonisolated(unsafe) let plainLocale = newlocale(LC_CTYPE_MASK, "C", nil)

    /// Makes libarchive keep the names in a tar as they are. Names in pax headers are UTF-8; in a UTF-8 locale,
    /// libarchive would convert them to the composed form (Unicode's NFC), and a file would get another name. In an
    /// ASCII locale it keeps the bytes, with a warning, but then it would not return the names in a zip at all.
    private static func withNamesAsTheyAre<Result>(_ body: () -> Result) -> Result {
        let before = uselocale(plainLocale)
        defer { uselocale(before) }
        return body()
    }

    /// Whether a warning comes from `withNamesAsTheyAre`.
    private static func isOfName(_ archive: OpaquePointer, _ entry: OpaquePointer) -> Bool {
        guard let text = archive_error_string(archive), let name = archive_entry_pathname(entry) else { return false }
        return name.pointee != 0 && String(cString: text).hasSuffix("can't be converted from UTF-8 to current locale.")
    }

    /// Opens an archive (archive_read_open2()).
    private static func open(_ input: ArchiveInput, _ archive: OpaquePointer, _ subject: String) throws {
        // libarchive looks for the directory at a zip's end only if it can seek.
        if !input.isGzip {
            archive_read_set_seek_callback(archive) { _, context, offset, origin in
                let input = Unmanaged<ArchiveInput>.fromOpaque(context!).takeUnretainedValue()
                return input.seek(Int(offset), from: origin).map { Int64($0) } ?? Int64(ARCHIVE_FATAL)
            }
        }
        // Unretained: the caller retains it while reading.
        let context = Unmanaged.passUnretained(input).toOpaque()
        let code = input.inHead {
            archive_read_open2(
                archive, context, nil,
                { _, context, bytes in
                    let input = Unmanaged<ArchiveInput>.fromOpaque(context!).takeUnretainedValue()
                    guard let part = input.next() else { return -1 }
                    bytes?.pointee = part.baseAddress
                    return part.count
                },
                { _, context, count in
                    Int64(Unmanaged<ArchiveInput>.fromOpaque(context!).takeUnretainedValue().skip(Int(count)))
                }, nil)
        }
        guard code == ARCHIVE_OK else { throw fault(archive, subject) }
    }

    /// Why the input ended before libarchive had read the archive; nil if it did not.
    private static func ended(_ input: ArchiveInput, after entry: String?, _ subject: String) -> (any Error)? {
        switch input.end {
        case .cancelled: return WriterFailure.stopping
        case .exceeded(let exceeded) where exceeded.limit == input.head:
            let place = entry.map { "after \"\($0.shown())\"" } ?? "before the first file"
            return MetadataFault(.exceeded, "\(subject): the headers of its entries \(place) are \(exceeded)")
        case .exceeded(let exceeded):
            let place = entry.map { "with \"\($0.shown())\" " } ?? ""
            return MetadataFault(.exceeded, "\(subject): \(place)it unpacks to \(exceeded)")
        case nil: return input.isDamagedGzip ? damagedGzip(subject) : nil
        }
    }

    private static func damagedGzip(_ subject: String) -> MetadataFault {
        .shape(nil, "\(subject) is not a valid tar, tar.gz or zip: the gzip is damaged or truncated")
    }

    static func fault(_ archive: OpaquePointer?, _ subject: String) -> MetadataFault {
        let reason = archive.flatMap { archive_error_string($0) }.map { String(cString: $0) } ?? "it cannot be read"
        return .shape(nil, "\(subject) is not a valid tar, tar.gz or zip: \(reason.shown())")
    }
}
