internal import CArchive
internal import Glibc
internal import Limits
internal import RunMetadata

/// An entry of an archive, while it is the current one.
final class ArchiveEntry {
    /// Checked against the limits for paths, but otherwise unchecked.
    let path: String
    let isFile: Bool
    let isDirectory: Bool
    /// Bytes of its content; nil if the archive does not say (a zip that was written as a stream).
    let size: Int?
    let mode: UInt32
    /// Seconds since 1970.
    let modified: Int

    private let archive: OpaquePointer
    private let input: ArchiveInput
    private let budget: Budget
    private let subject: String
    private var isRead = false

    /// The entry that libarchive has just found; counts against the budget.
    init(
        _ pointer: OpaquePointer, _ archive: OpaquePointer, _ input: ArchiveInput, _ budget: Budget, _ subject: String
    ) throws(MetadataFault) {
        let name = archive_entry_pathname_utf8(pointer) ?? archive_entry_pathname(pointer)
        let bytes = UnsafeRawBufferPointer(start: name, count: name.map { strlen($0) } ?? 0)
        if let excess = PathLimits.archived.excess(of: bytes) {
            let shown = String(decoding: bytes.prefix(400), as: UTF8.self).shown(atMost: 100)
            throw MetadataFault(.exceeded, "\(subject): \"\(shown)\" \(excess)")
        }
        path = String(decoding: bytes, as: UTF8.self)
        let type = archive_entry_filetype(pointer)
        let isLink = archive_entry_hardlink(pointer) != nil || archive_entry_symlink(pointer) != nil
        isFile = type == 0o100000 && !isLink
        isDirectory = type == 0o040000
        size = archive_entry_size_is_set(pointer) != 0 ? Int(archive_entry_size(pointer)) : nil
        mode = UInt32(archive_entry_perm(pointer)) & 0o777
        modified = Int(archive_entry_mtime(pointer))
        (self.archive, self.input, self.budget, self.subject) = (archive, input, budget, subject)
        if let size, size < 0 { throw .shape(nil, "\(subject): \"\(path.shown())\" announces \(size) bytes") }
        try drawing { () throws(LimitExceeded) in
            try budget.take(of: .entries)
            try budget.allow(size ?? 0, of: .bytes)
        }
    }

    /// Whether it is the top folder, as `tar -c .` writes it.
    var isRoot: Bool { isDirectory && (path == "." || path == "./") }

    /// Reads the content part by part, with holes as zeros (archive_read_data_block()). To be called once.
    func read(_ take: (UnsafeRawBufferPointer) throws -> Void) throws {
        isRead = true
        var position = 0
        while true {
            var (start, count, offset): (UnsafeRawPointer?, Int, Int64) = (nil, 0, 0)
            let code = archive_read_data_block(archive, &start, &count, &offset)
            if code == ARCHIVE_EOF { break }
            if code != ARCHIVE_OK { throw ArchiveReader.fault(archive, subject) }
            let end = Int(offset).addingReportingOverflow(count)
            guard Int(offset) >= position, !end.overflow, size.map({ end.partialValue <= $0 }) ?? true else {
                throw MetadataFault.shape(nil, "\(subject): \"\(path.shown())\" has more bytes than it announces")
            }
            try fill(from: position, to: Int(offset), take)
            try drawing { () throws(LimitExceeded) in try budget.take(count, of: .bytes) }
            if count > 0 { try take(UnsafeRawBufferPointer(start: start, count: count)) }
            position = end.partialValue
        }
        if let size { try fill(from: position, to: size, take) }
    }

    /// Passes a hole on as zeros.
    private func fill(from position: Int, to end: Int, _ take: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard position < end else { return }
        try drawing { () throws(LimitExceeded) in try budget.take(end - position, of: .bytes) }
        try withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { zeros in
            zeros.initializeMemory(as: UInt8.self, repeating: 0)
            var position = position
            while position < end {
                if input.isCancelled() { throw WriterFailure.stopping }
                let count = min(zeros.count, end - position)
                try take(UnsafeRawBufferPointer(rebasing: zeros[..<count]))
                position += count
            }
        }
    }

    /// Skips unread content. It is counted nonetheless.
    func skip() throws {
        if !isRead { try read { _ in } }
    }

    private func drawing(_ draw: () throws(LimitExceeded) -> Void) throws(MetadataFault) {
        do throws(LimitExceeded) { try draw() } catch {
            throw MetadataFault(.exceeded, "\(subject): with \"\(path.shown())\" it is \(error)")
        }
    }
}
