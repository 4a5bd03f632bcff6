/// The content of a file that a store keeps, open for reading. It stays what it was when it was opened, whatever is put
/// in its place; a file that something else writes in place may change (`isUnchanged`).
package protocol Blob: AnyObject, Sendable {
    /// Bytes.
    var size: Int { get }
    /// Which content it has.
    var version: BlobVersion { get }
    /// Seconds since 1970 of the last change.
    var modified: Double { get }
    /// Whether nothing has written to it since it was opened.
    var isUnchanged: Bool { get }

    /// Whether the content is kept apart from the run, by another server, so that reading it may take longer than all
    /// else.
    var isRemote: Bool { get }

    /// Makes sure that the content is there, if it is kept where it could have gone: for replies that cannot be taken
    /// back once they have begun.
    func checkContent() throws(StoreError)

    /// Reads bytes from an offset.
    /// - Returns: how many there were; fewer than the buffer holds at the end alone
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int

    /// A descriptor of the content, for sendfile(2), which whoever asks closes; nil where there is none.
    func openDescriptor() -> CInt?
}

extension Blob {
    package var isUnchanged: Bool { true }
    package var isRemote: Bool { false }
    package func checkContent() throws(StoreError) {}
    package func openDescriptor() -> CInt? { nil }

    /// Reads all of it.
    /// - Parameter most: the most bytes that it may have; what any program may have put in a run's directory can be of
    ///   any size
    /// - Throws: `unreadable` where it has more
    package func read(atMost most: Int = 64 << 20) throws(StoreError) -> [UInt8] {
        if size > most { throw .unreadable("a file of the run is over \(most) bytes, too large to be read at once") }
        var failure: StoreError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            do throws(StoreError) { count = try read(at: 0, into: UnsafeMutableRawBufferPointer(buffer)) } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// Names the content of a file: two that are equal are of one file that was not written in between.
package struct BlobVersion: Hashable, Sendable {
    /// Letters, digits and `-`: what an `ETag` may hold.
    package let text: String

    package init(_ text: String) { self.text = text }
}
