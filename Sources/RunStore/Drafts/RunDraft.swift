internal import JSON
package import RunMetadata

/// A run, or what waits for a session's next run, while a write changes it: a copy, which replaces the run unless
/// something is refused.
///
/// For stores that keep a run's files by their paths and have no directories. What each write does to a run is defined
/// here once (`RunDraft+Changing`, `RunDraft+Metrics`); a store says how it keeps files.
package protocol RunDraft {
    associatedtype File: DraftFile

    var place: RunPlace { get set }
    /// Whether the run, or what waits, exists: stored, or made by an earlier write.
    var isThere: Bool { get }
    /// The files by their paths in the run's directory: all metadata, and at least those artifacts that were looked up.
    /// If there are rows, there is no frame: it is made when it is read.
    var files: [ArtifactPath: File] { get }
    /// When its metadata was changed, or, while it waits, any of its files; seconds since 1970.
    var modified: Double { get }
    /// The paths that the write has written to or removed.
    var touched: Set<ArtifactPath> { get }

    /// The bytes of a file of metadata; nil if there is none.
    func bytes(_ path: DataPath) throws(StoreError) -> [UInt8]?

    /// Finds what is at a path, above it and below it, if the store does not know it yet.
    /// - Throws: `refused` if nothing can be written to such a path
    mutating func lookUp(_ path: ArtifactPath, toWrite: Bool) throws(StoreError)

    // Each of these notes the path in `touched`.

    /// Writes a file whole; nil: removes it.
    mutating func put(_ bytes: [UInt8]?, at path: ArtifactPath) throws(StoreError)

    /// Writes a file that was staged, or is in a staged folder.
    mutating func put(fileAt place: String, at path: ArtifactPath) throws(StoreError)

    /// Appends to a file. If it is missing, it is made, and the head comes first.
    mutating func append(_ bytes: [UInt8], to path: DataPath, head: [UInt8]) throws(StoreError)

    /// Moves a file to another path.
    mutating func move(_ path: DataPath, to other: DataPath)

    /// Takes over a file of what waited; appends it to the present one if `isAppended`.
    mutating func take(_ path: ArtifactPath, of waiting: Self, isAppended: Bool) throws(StoreError)

    /// Checks rows that are to be appended.
    /// - Parameter first: rows that have just replaced a frame, and come before them; nil: none
    /// - Throws: `refused` if there would be too many columns
    mutating func note(_ rows: MetricsRows, behind first: [UInt8]?) throws(StoreError)
}

/// A file of a draft.
package protocol DraftFile {
    /// Bytes.
    var size: Int { get }
    var version: BlobVersion { get }
    /// When it was written last, seconds since 1970.
    var modified: Double { get }

    /// Whether it is that file, with at most something appended to it.
    func continues(_ earlier: Self) -> Bool
}

extension RunDraft {
    package mutating func lookUp(_ path: ArtifactPath, toWrite: Bool) throws(StoreError) {}
    package mutating func note(_ rows: MetricsRows, behind first: [UInt8]?) throws(StoreError) {}

    package func file(_ path: DataPath) -> File? { files[ArtifactPath(path)] }

    /// The text of a property; nil if it has no file.
    package func text(_ name: PropertyName) throws(StoreError) -> String? {
        try bytes(.property(name)).map { PropertyText.read($0) }
    }

    package var hasEnded: Bool {
        get throws(StoreError) { try text(.end).map { !TypedProperty.isMissing($0) } ?? false }
    }

    /// The names of properties that have a file.
    package var propertyNames: [PropertyName] { files.keys.compactMap { $0.dataPath?.property } }

    /// All properties with their texts, by name.
    package func properties() throws(StoreError) -> [(name: String, text: String)] {
        var properties: [(name: String, text: String)] = []
        for name in propertyNames.sorted(by: { ExactText($0.description) < ExactText($1.description) }) {
            let size = file(.property(name))?.size ?? 0
            guard !ConsoleOutput.isTooLong(name.description, size: size), let file = try bytes(.property(name)),
                let text = PropertyText.value(of: name, file)
            else { continue }
            properties.append((name.description, text))
        }
        return properties
    }

    /// The files in a folder of metadata and below.
    package func paths(below folder: DataPath) -> [ArtifactPath] {
        let folder = ArtifactPath(folder)
        return files.keys.filter { $0.isBelow(folder) }
    }

    /// The version of a folder of metadata; nil if there is none.
    package func version(of folder: DataPath) -> BlobVersion? {
        BlobVersion(of: paths(below: folder).map { ($0.description, files[$0]?.version) })
    }

    /// A document as it was sent; if the file of a list differs from what was sent, the exact one.
    package func exact(_ path: DataPath) throws(StoreError) -> [UInt8]? {
        let bytes = try bytes(path)
        guard let sent = path.sent, let exact = try self.bytes(sent) else { return bytes }
        return NamedListFiles(sent: exact)?.file == bytes ? exact : bytes
    }
}

extension BlobVersion {
    /// The version of a folder with these files; nil if there are none.
    package init?(of files: [(path: String, version: BlobVersion?)]) {
        if files.isEmpty { return nil }
        let sorted = files.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.init(sorted.compactMap(\.version?.text).joined(separator: "-"))
    }
}
