internal import RunMetadata

/// The names of the files of an archive, checked one by one as they come: what is outside, what is there twice, what is too much.
struct SourceNames {
    /// The folder in the archive below which tfruns' reader looks.
    static let folder = "source"

    /// The files, in the order in which they came.
    private(set) var files: [String] = []
    private let limits: SourceWriter.Limits
    /// What the archive is called in what is said of it.
    private let subject: String
    /// What each name is, folders that only files tell of among them: whether it is a folder.
    private var kinds: [String: Bool] = [:]
    private var entries = 0
    private var bytes = 0

    init(limits: SourceWriter.Limits, subject: String = "source") { (self.limits, self.subject) = (limits, subject) }

    /// Checks the name and size of a file, or of a folder, and counts it in.
    /// - Returns: the name without a leading `./`
    @discardableResult
    mutating func add(_ name: String, size: Int, isFolder: Bool = false) throws(MetadataFault) -> String {
        let name = try Self.checked(name, subject)
        if let known = kinds[name], !known || !isFolder {
            throw .shape(
                nil, "\(subject): \"\(name)\" is there twice\(known == isFolder ? "" : ", as a file and as a folder")")
        }
        kinds[name] = isFolder
        var parent = name
        while let slash = parent.utf8.lastIndex(of: UInt8(ascii: "/")) {
            parent = String(parent[..<slash])
            if kinds[parent] == false {
                throw .shape(
                    nil, "\(subject): \"\(parent)\" is there as a file, and as a folder with \"\(name)\" in it")
            }
            kinds[parent] = true
        }
        bytes += size
        entries += 1
        if bytes > limits.bytes {
            throw .shape(
                nil, "\(subject): with \"\(name)\" it is more than \(limits.bytes) bytes unpacked (--max-upload)")
        }
        if entries > limits.entries {
            throw .shape(nil, "\(subject): with \"\(name)\" it is more than \(limits.entries) files and folders")
        }
        if !isFolder { files.append(name) }
        return name
    }

    /// A name without a leading `./`.
    /// - Throws: when it is absolute, leads outside or names nothing
    static func checked(_ name: String, _ subject: String = "source") throws(MetadataFault) -> String {
        // By bytes: to a file system a "/" is one, whatever combining character follows.
        if name.utf8.first == UInt8(ascii: "/") {
            throw .shape(nil, "\(subject): \"\(name)\" is absolute; names have to be relative")
        }
        let parts = name.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "." }
        if parts.contains("..") { throw .shape(nil, "\(subject): \"\(name)\" leads outside by \"..\"") }
        if parts.isEmpty || name.unicodeScalars.contains(where: { $0.value < 32 }) {
            throw .shape(nil, "\(subject): \"\(name)\" is no name of a file")
        }
        return parts.joined(separator: "/")
    }
}
