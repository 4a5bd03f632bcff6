/// The content of a file that a store keeps, open for reading. It stays as it was when opened, even if the file is
/// replaced; a program that writes the file in place may change it (`isUnchanged`).
package protocol Blob: AnyObject, Sendable {
    /// Bytes.
    var size: Int { get }
    /// Identifies the content.
    var version: BlobVersion { get }
    /// Seconds since 1970 of the last change.
    var modified: Double { get }
    /// Whether nothing has written to it since it was opened.
    var isUnchanged: Bool { get }

    /// Whether another server keeps the content, apart from the run, so that reading may take longer than all else.
    var isRemote: Bool { get }

    /// Checks that the content is still there, if it could have been lost. For replies that cannot be taken back once
    /// they have begun.
    func checkContent() throws(StoreError)

    /// Reads bytes from an offset.
    /// - Returns: the number of bytes read; fewer than the buffer holds only at the end
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int

    /// A descriptor of the content for sendfile(2), which the caller closes; nil if there is none.
    func openDescriptor() -> CInt?
}

extension Blob {
    package var isUnchanged: Bool { true }
    package var isRemote: Bool { false }
    package func checkContent() throws(StoreError) {}
    package func openDescriptor() -> CInt? { nil }

    /// Reads all of it.
    /// - Parameter most: the most bytes to read; a file that another program put into a run can be of any size
    /// - Throws: `unreadable` if it has more
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

/// Identifies the content of a file: if two are equal, it is the same file, not written in between.
package struct BlobVersion: Hashable, Sendable {
    /// Letters, digits and `-`: what an `ETag` may hold.
    package let text: String

    package init(_ text: String) { self.text = text }
}
