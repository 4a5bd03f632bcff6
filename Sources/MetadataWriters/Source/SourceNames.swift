internal import Limits
internal import RunMetadata

/// The names of the files of an archive, a form or a directory, checked one by one for paths that lead outside or are
/// too deep, and for duplicates. Time and memory are linear in the bytes of the names.
struct SourceNames {
    /// The folder in the archive where tfruns looks.
    static let folder = "source"

    /// The most bytes of all names together. No other limit covers them: compressed names take almost nothing.
    static let nameBytes = Limit(.bytes, most: 16 << 20)

    /// A file or folder and its parent. Compared by bytes: texts that Unicode calls equal can be two names.
    private struct Place: Hashable {
        let parent: Int
        let name: [UInt8]
    }

    private struct Node {
        let index: Int
        let isFolder: Bool
    }

    /// The files, in order of arrival.
    private(set) var files: [String] = []
    private let budget: Budget
    private let limits: PathLimits
    private let names = Budget([Self.nameBytes])
    /// What messages call the archive.
    private let subject: String
    private var nodes: [Place: Node] = [:]

    /// - Parameter budget: the archive's. The reader counts an entry for each name; folders that only occur in paths of
    ///   files are counted here
    init(budget: Budget, subject: String = "source", limits: PathLimits = .file) {
        (self.budget, self.subject, self.limits) = (budget, subject, limits)
    }

    /// Checks the name of a file or of a folder, and records it.
    /// - Returns: the name without a leading `./`
    @discardableResult
    mutating func add(_ name: String, isFolder: Bool = false) throws(MetadataFault) -> String {
        let name = try Self.checked(name, subject, limits)
        var parent = 0
        var rest = name.utf8[...]
        do throws(LimitExceeded) { try names.take(rest.count, of: .bytes) } catch {
            throw MetadataFault(.exceeded, "\(subject): with \"\(name.shown())\" the names are \(error)")
        }
        while let slash = rest.firstIndex(of: UInt8(ascii: "/")) {
            let place = Place(parent: parent, name: Array(rest[..<slash]))
            parent = try enter(place, folderOf: name, until: slash)
            rest = rest[rest.index(after: slash)...]
        }
        let place = Place(parent: parent, name: Array(rest))
        if let known = nodes[place] {
            guard known.isFolder, isFolder else {
                let kinds = known.isFolder == isFolder ? "" : ", as a file and as a folder"
                throw .shape(nil, "\(subject): \"\(name.shown())\" is there twice\(kinds); send it once")
            }
        } else {
            nodes[place] = Node(index: nodes.count + 1, isFolder: isFolder)
        }
        if !isFolder { files.append(name) }
        return name
    }

    /// The folder at a place. Adds it if it is new.
    private mutating func enter(
        _ place: Place, folderOf name: String, until end: String.Index
    ) throws(MetadataFault) -> Int {
        if let known = nodes[place] {
            if known.isFolder { return known.index }
            throw .shape(
                nil,
                "\(subject): \"\(name[..<end].shown())\" is there as a file, and as a folder with \"\(name.shown())\" in it"
            )
        }
        do throws(LimitExceeded) { try budget.take(of: .entries) } catch {
            throw MetadataFault(.exceeded, "\(subject): with \"\(name.shown())\" it is \(error)")
        }
        let index = nodes.count + 1
        nodes[place] = Node(index: index, isFolder: true)
        return index
    }

    /// A name without a leading `./`.
    /// - Throws: if it is absolute, leads outside, is empty, or is too long or too deep
    static func checked(
        _ name: String, _ subject: String = "source", _ limits: PathLimits = .archived
    ) throws(MetadataFault) -> String {
        if let excess = limits.excess(of: name.utf8) {
            throw MetadataFault(.exceeded, "\(subject): \"\(name.shown(atMost: 100))\" \(excess)")
        }
        // Compares bytes: a file system sees a "/" even if a combining character follows it.
        if name.utf8.first == UInt8(ascii: "/") {
            throw .shape(nil, "\(subject): \"\(name.shown())\" is absolute; paths have to be relative")
        }
        let parts = name.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "." }
        if parts.contains("..") { throw .shape(nil, "\(subject): \"\(name.shown())\" leads outside by \"..\"") }
        if parts.isEmpty || name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw .shape(nil, "\(subject): \"\(name.shown())\" is not a file name")
        }
        return parts.joined(separator: "/")
    }
}
