/// Keeps the contents of large files for a store that keeps the rest of the runs elsewhere: objects, each written once,
/// whole, under a name that is never used again. All calls block on a network.
package protocol ObjectStore: Sendable {
    /// Where the objects are, for people.
    var place: String { get }

    /// Checks whether objects can be reached.
    /// - Returns: why not, and what to do; nil if they can
    func hindrance() -> String?

    /// Uploads a file. When it returns, the object is complete and safe. After a failure, nothing is left, or only what
    /// `remove` removes.
    /// - Parameters:
    ///   - path: a file that does not change meanwhile
    ///   - size: bytes of it
    ///   - name: letters and digits; never used before
    func put(_ path: String, size: Int, as name: String) throws(StoreError)

    /// An object, to be read. Nothing is requested yet.
    func reader(of name: String, size: Int) -> any ObjectReader

    /// Removes an object. Not an error if there is none.
    /// - Parameter isComplete: false: its upload may have been cut off, and what is left of it is removed too
    func remove(_ name: String, isComplete: Bool) throws(StoreError)
}

/// Reads an object, at best from its beginning to its end.
package protocol ObjectReader: AnyObject, Sendable {
    /// Makes sure that the object is there.
    /// - Throws: `objectMissing`; `objectsUnreachable`
    func check() throws(StoreError)

    /// Reads bytes from an offset.
    /// - Returns: the number of bytes read; fewer than the buffer holds only at the end
    /// - Throws: as `check`
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(StoreError) -> Int
}
