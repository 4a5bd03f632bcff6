package import RunMetadata

/// All files of a run, to be read one after the other: its metadata as of one moment, its artifacts as they are found.
package protocol RunBundle: AnyObject, Sendable {
    var run: RunID { get }
    var entries: [BundleEntry] { get }

    /// Opens the file of an entry; nil if it is gone meanwhile.
    func open(_ index: Int) throws(StoreError) -> (any Blob)?

    /// Whether the content of any file is kept by another server (`Blob.isRemote`).
    var isRemote: Bool { get }

    /// Makes sure that the content of all files is there (`Blob.checkContent`).
    func checkContent() throws(StoreError)
}

extension RunBundle {
    package var isRemote: Bool { false }
    package func checkContent() throws(StoreError) {}
}

/// A file or folder of a bundle.
package struct BundleEntry: Sendable {
    /// In the run's directory, without a `/` at either end; bytes, since another program may have chosen the name.
    package let path: [UInt8]
    package let isFolder: Bool
    /// Permission bits.
    package let mode: UInt32
    /// Seconds since 1970 of the last change.
    package let modified: Int

    package init(path: [UInt8], isFolder: Bool, mode: UInt32, modified: Int) {
        (self.path, self.isFolder, self.mode, self.modified) = (path, isFolder, mode, modified)
    }
}

/// Receives a run that comes from elsewhere: its files, then `finish`. Without `finish`, nothing is left.
package protocol RunIntake: AnyObject {
    /// Makes a folder, and those above it.
    /// - Parameter path: a checked path: relative, without `..`
    func addFolder(_ path: String, modified: Int) throws

    /// Writes a file, making the folders above it.
    /// - Parameters:
    ///   - path: a checked path that was not written before
    ///   - content: called with a closure that takes the content, part by part
    func addFile(
        _ path: String, mode: UInt32, modified: Int,
        _ content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws

    /// Puts the run in place, whole and durable.
    /// - Parameter place: `initialised` or `archived`
    /// - Returns: what the store cannot keep, in words
    /// - Throws: `IntakeRefusal` if there is already a run with that id, or if the files are not a run
    func finish(in place: RunPlace) throws -> [String]
}

/// Why a run is not taken.
package struct IntakeRefusal: Error, CustomStringConvertible {
    package let description: String
    /// Whether the cause is that there is a run with that id.
    package let isThere: Bool

    package init(_ description: String, isThere: Bool = false) {
        (self.description, self.isThere) = (description, isThere)
    }

    /// There is a run with that id.
    /// - Parameter kind: such as `an archived`
    package static func isThere(_ run: RunID, as kind: String = "a") -> IntakeRefusal {
        IntakeRefusal("there is already \(kind) run \"\(run)\"; choose another id with --as", isThere: true)
    }

    /// The files have no metadata.
    package static let isNoRun = IntakeRefusal("it has no folder \(RunLayout.dataDirectory), so it is not a run")
}
