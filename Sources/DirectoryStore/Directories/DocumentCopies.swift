internal import CLinux
internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

/// Copies of documents that are being sent, so that other programs' writes in place do not affect them. In a copy, NaN
/// and infinities are in quotes, as jsonlite writes them, also if another program wrote them without.
///
/// A copy is a file without a name, in memory if small. A few large ones are kept for a while, so that many readers of
/// one frame share a copy.
final class DocumentCopies: Sendable {
    private struct Kept: Sendable {
        let version: FileVersion
        let descriptor: CInt
        /// When it was last sent, seconds on the monotonic clock.
        var used = Double(monotonicNanoseconds()) / 1e9
    }

    /// The most bytes of a copy in memory.
    private static let small = 1 << 20
    /// The most copies that are kept, the most bytes of all, and seconds after which an unused one is dropped.
    private static let mostCopies = 8
    private static let mostKept = 256 << 20
    private static let age = 15.0
    /// Bytes that are copied at a time.
    private static let part = 1 << 20

    private let staging: String
    private let kept = Mutex<[Kept]>([])

    /// - Parameter staging: the folder of large copies
    init(staging: String) { self.staging = staging }

    deinit { for copy in kept.withLock({ $0 }) { close(copy.descriptor) } }

    /// Copies an open JSON file, and closes it.
    func copy(_ file: CInt, _ path: DataPath) throws(StoreError) -> Settled<StoredFile> {
        defer { close(file) }
        let status = Files.status(of: file)
        let version = FileVersion(status)
        if let copy = descriptor(of: version) { return .whole(StoredFile(descriptor: copy, copyOf: version)) }
        let copy = try makeFile(size: version.size)
        do throws(StoreError) {
            let filled = try storing { () throws(FileFailure) in try fill(copy, from: file, version.size, path) }
            guard let extent = filled, !extent.isCut, FileVersion(Files.status(of: file)) == version else {
                close(copy)
                return .torn
            }
            if extent.hasNonFinite { try quote(copy, version.size, path) }
        } catch {
            close(copy)
            throw error
        }
        keep(copy, version)
        return .whole(StoredFile(descriptor: copy, copyOf: version))
    }

    /// - Returns: nil if the file has become shorter, or has a hole, of which it may have more than there is room for
    private func fill(
        _ copy: CInt, from file: CInt, _ size: Int, _ path: DataPath
    ) throws(FileFailure) -> JSONExtent? {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, min(size, Self.part)), alignment: 16)
        defer { memory.deallocate() }
        var extent = JSONExtent()
        var offset = 0
        while offset < size {
            let count = try Files.read(
                file, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<min(memory.count, size - offset)]),
                at: offset, path: path.description)
            if count == 0 || memchr(memory.baseAddress!, 0, count) != nil { return nil }
            let part = UnsafeRawBufferPointer(rebasing: memory[..<count])
            extent.add(part)
            try Files.write(part, to: copy, at: offset, path: "a copy of \(path)")
            offset += count
        }
        return extent
    }

    /// Puts NaN and infinities in a copy into quotes.
    private func quote(_ copy: CInt, _ size: Int, _ path: DataPath) throws(StoreError) {
        let text = try WholeText.withBytes(copy, size: size, of: path.description) { text throws(StoreError) in
            NonFinite.quoting(text)
        }
        guard let quoted = text else { return }
        try storing { () throws(FileFailure) in
            try Files.write(quoted, to: copy, at: 0, path: "a copy of \(path)")
            // "Inf" is shorter than Infinity.
            if ftruncate(copy, off_t(quoted.count)) != 0 { throw FileFailure("ftruncate", "a copy of \(path)") }
        }
    }

    /// On the disk if there is room, or else in memory.
    private func makeFile(size: Int) throws(StoreError) -> CInt {
        if size > Self.small, let free = DiskSpace.free(at: staging), free / 4 > UInt64(size) {
            let file = clinux_nameless_file(staging)
            if file >= 0 { return file }
        }
        let memory = clinux_memory_file()
        if memory < 0 { throw StoreError(FileFailure("memfd_create", "a copy")) }
        return memory
    }

    private func descriptor(of version: FileVersion) -> CInt? {
        kept.withLock { kept in
            guard let index = kept.firstIndex(where: { $0.version == version }) else { return nil }
            let copy = fcntl(kept[index].descriptor, F_DUPFD_CLOEXEC, 0)
            let used = kept.remove(at: index)
            kept.append(Kept(version: used.version, descriptor: used.descriptor))
            return copy < 0 ? nil : copy
        }
    }

    /// When the oldest will be dropped, seconds on the monotonic clock; nil if none is kept.
    var nextDue: Double? { kept.withLock { kept in kept.first.map { $0.used + Self.age } } }

    /// Drops those that were not sent for a while.
    func dropOld() {
        let now = Double(monotonicNanoseconds()) / 1e9
        let dropped = kept.withLock { kept in
            let dropped = kept.filter { now - $0.used >= Self.age }
            kept.removeAll { now - $0.used >= Self.age }
            return dropped
        }
        for copy in dropped { close(copy.descriptor) }
    }

    private func keep(_ copy: CInt, _ version: FileVersion) {
        guard version.size > Self.small, version.size <= Self.mostKept else { return }
        let descriptor = fcntl(copy, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { return }
        let dropped = kept.withLock { kept in
            kept.append(Kept(version: version, descriptor: descriptor))
            // Keeps the most recently used ones, and only the last one of each file.
            var (bytes, seen) = (0, Set<UInt64>())
            let staying = kept.suffix(Self.mostCopies).reversed().prefix { copy in
                bytes += copy.version.size
                return bytes <= Self.mostKept
            }.filter { seen.insert($0.version.inode).inserted }
            let versions = Set(staying.map(\.version))
            let dropped = kept.filter { !versions.contains($0.version) }
            kept = staying.reversed()
            return dropped
        }
        for copy in dropped { close(copy.descriptor) }
    }
}
