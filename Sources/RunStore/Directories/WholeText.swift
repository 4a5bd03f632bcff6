internal import Glibc
internal import Limits

/// The text of a file that takes all of it to tell something: rows that became a frame, a frame that becomes rows.
///
/// Read into memory (pread(2)), not mapped: whoever cuts a mapped file short ends the process that looks at it (SIGBUS,
/// mmap(2)). A file that is cut short meanwhile is what is left of it.
enum WholeText {
    /// Bytes of a text, and of all that are held at a time.
    static let limit = Limit(.bytes, most: 1 << 30)
    private static let reserve = Reserve(limit)

    /// Lends the first bytes of an open file.
    /// - Throws: `tooLarge` where they are more than may be held; `overloaded` while others hold too much
    static func withBytes<Result>(
        _ descriptor: CInt, size: Int, of name: String,
        _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        if size > limit.most { throw .tooLarge("\(name) is \(LimitExceeded(limit))") }
        let share: Reserve.Share
        do throws(Reserve.Exhausted) { share = try reserve.share(max(0, size)) } catch { throw .overloaded }
        defer { share.giveBack() }
        guard let memory = malloc(max(1, size)) else {
            throw .failed(FileFailure("malloc", name, errno: ENOMEM))
        }
        defer { free(memory) }
        let bytes = UnsafeMutableRawBufferPointer(start: memory, count: max(0, size))
        let count = try storing { () throws(FileFailure) in try Files.read(descriptor, into: bytes, at: 0, path: name) }
        return try body(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
}
