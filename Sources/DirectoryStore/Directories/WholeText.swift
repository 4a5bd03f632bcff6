internal import Glibc
internal import Limits
internal import LocalFiles
internal import RunStore

/// The whole text of a file, for conversions that need all of it: rows to a frame, a frame to rows.
///
/// Read into memory (pread(2)), not mapped: if a mapped file is truncated, reading it kills the process (SIGBUS,
/// mmap(2)). Of a file that is truncated meanwhile, the rest is read.
enum WholeText {
    /// The most bytes of a text, and of all texts in memory at a time.
    private static let limit = heldMetrics
    private static let reserve = Reserve(limit)

    /// Lends the first bytes of an open file.
    /// - Throws: `tooLarge` if they exceed the limit; `overloaded` while others hold too much
    static func withBytes<Result>(
        _ descriptor: CInt, size: Int, of name: String,
        _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        if size > limit.most { throw .tooLarge("\(name) is \(LimitExceeded(limit))") }
        let share: Reserve.Share
        do throws(Reserve.Exhausted) { share = try reserve.share(max(0, size)) } catch { throw .overloaded }
        defer { share.giveBack() }
        guard let memory = malloc(max(1, size)) else {
            throw StoreError(FileFailure("malloc", name, errno: ENOMEM))
        }
        defer { free(memory) }
        let bytes = UnsafeMutableRawBufferPointer(start: memory, count: max(0, size))
        let count = try storing { () throws(FileFailure) in try Files.read(descriptor, into: bytes, at: 0, path: name) }
        return try body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
}
