internal import RunMetadata

/// The names of source files, checked one by one as they come: what is outside, what is there twice, what is too much.
struct SourceNames {
    /// The folder in the archive below which tfruns' reader looks.
    static let folder = "source"

    private(set) var files: [String] = []
    private let limits: SourceWriter.Limits
    private var seen: Set<String> = []
    private var bytes = 0

    init(limits: SourceWriter.Limits) { self.limits = limits }

    /// Checks a file's name and size.
    /// - Returns: the name in the archive, below `source/`
    mutating func add(_ name: String, size: Int) throws(MetadataFault) -> String {
        let name = try Self.checked(name)
        try count(name, size: size)
        files.append(name)
        return "\(Self.folder)/\(name)"
    }

    /// Counts an entry in.
    mutating func count(_ name: String, size: Int) throws(MetadataFault) {
        guard seen.insert(name).inserted else { throw .shape(nil, "source: \"\(name)\" is there twice") }
        bytes += size
        if bytes > limits.bytes {
            throw .shape(nil, "source: with \"\(name)\" it is more than \(limits.bytes) bytes unpacked (--max-upload)")
        }
        if seen.count > limits.entries {
            throw .shape(nil, "source: with \"\(name)\" it is more than \(limits.entries) files and folders")
        }
    }

    /// A name without a leading `./`.
    /// - Throws: when it is absolute, leads outside or names nothing
    static func checked(_ name: String) throws(MetadataFault) -> String {
        // By bytes: to a file system a "/" is one, whatever combining character follows.
        if name.utf8.first == UInt8(ascii: "/") {
            throw .shape(nil, "source: \"\(name)\" is absolute; names have to be relative")
        }
        let parts = name.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "." }
        if parts.contains("..") { throw .shape(nil, "source: \"\(name)\" leads outside by \"..\"") }
        if parts.isEmpty || name.unicodeScalars.contains(where: { $0.value < 32 }) {
            throw .shape(nil, "source: \"\(name)\" is no name of a file")
        }
        return parts.joined(separator: "/")
    }
}
