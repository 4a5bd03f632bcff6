/// Keeps the contents of large files for a store that keeps the rest of the runs elsewhere: objects, each written once,
/// whole, under a name that is never used again. All calls block on a network.
package protocol ObjectStore: Sendable {
    /// Where the objects are, for people.
    var place: String { get }

    /// Looks whether objects can be reached.
    /// - Returns: why they cannot, and what to do; nil if they can
    func hindrance() -> String?

    /// Uploads a file. When it returns, the object is complete and safe. After a failure nothing is left, or what
    /// `remove` removes.
    /// - Parameters:
    ///   - path: of a file that does not change meanwhile
    ///   - size: bytes of it
    ///   - name: letters and digits; one that was never used
    func put(_ path: String, size: Int, as name: String) throws(StoreError)

    /// An object, to be read; nothing is asked for yet.
    func reader(of name: String, size: Int) -> any ObjectReader

    /// Removes an object. It is no error if there is none.
    /// - Parameter isComplete: false: its upload may have been cut off, and what is left of that is removed too
    func remove(_ name: String, isComplete: Bool) throws(StoreError)
}

/// Reads an object, at best from its beginning to its end.
package protocol ObjectReader: AnyObject, Sendable {
    /// Makes sure that the object is there.
    /// - Throws: `objectMissing`; `objectsUnreachable`
    func check() throws(StoreError)

    /// Reads bytes from an offset.
    /// - Returns: how many there were; fewer than the buffer holds at the end alone
    /// - Throws: as `check`
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int
}
