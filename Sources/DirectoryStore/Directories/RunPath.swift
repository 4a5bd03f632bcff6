internal import LocalFiles
internal import RunMetadata

/// The path of a file or folder in a run's directory, one or more safe names: an artifact, or below `tfruns.d`
/// metadata.
struct RunPath: Sendable, CustomStringConvertible {
    let components: [String]

    /// The data directory.
    static let data = RunPath(unchecked: [RunLayout.dataDirectory])

    init(_ path: ArtifactPath) { components = path.components }

    init(_ path: DataPath) { components = [RunLayout.dataDirectory] + path.components }

    /// The folder of properties.
    static let properties = RunPath(unchecked: [RunLayout.dataDirectory, DataPath.properties])

    /// The path in a redo record, in the form of `RecordPath`.
    /// - Throws: if it is malformed, which no server writes
    init(record text: String) throws(FileFailure) {
        guard let path = Self.path(record: text) else { throw FileFailure("open", text, errno: 22) }
        self = path
    }

    /// The same; nil if it is malformed.
    static func path(record text: String) -> RunPath? {
        if let artifact = RecordPath.artifact(text) { return RunPath(artifact) }
        return DataPath(text).map { RunPath($0) }
    }

    /// A file of the folder of sessions, which is opened like a run's directory.
    init(session: String) { self.init(unchecked: [session]) }

    private init(unchecked components: [String]) { self.components = components }

    /// The last name.
    var name: String { components[components.count - 1] }

    /// The names of its folders.
    var folders: ArraySlice<String> { components.dropLast() }

    /// The first `count` names.
    func prefix(_ count: Int) -> RunPath { RunPath(unchecked: Array(components.prefix(count))) }

    var description: String { components.joined(separator: "/") }

    var bytes: [UInt8] { Array(description.utf8) }
}
