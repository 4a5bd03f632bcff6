internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata

/// A snapshot of the files of a run's data directory, to tell which have changed since.
///
/// Of folders other than the properties, only their own time of change is recorded, not their contents.
struct SeenFiles: Sendable {
    /// A file or folder, and a hash of its version.
    struct File: Sendable {
        /// The name in the data directory; for a property, its name.
        let name: String
        let isProperty: Bool
        let version: UInt64
    }

    /// The most files of one run that are checked.
    private static let most = 2000
    /// Files that belong to others, whose changes are reported instead.
    private static let passedOver: Set<String> = ["sent", DataPath.earlierMetricsRows.description]

    private(set) var files: [File] = []

    /// Reads the data directory of a run's directory; nil if there is none.
    init?(_ run: String) {
        guard let folder = try? RunDirectory(run).openData() else { return nil }
        var found: [File] = []
        do throws(FileFailure) {
            try folder.eachName { (name) throws(FileFailure) in
                let text = String(cString: name)
                guard found.count < Self.most, !Self.passedOver.contains(text), let status = folder.status(of: name)
                else { return }
                if text == DataPath.properties { return }
                found.append(File(name: text, isProperty: false, version: Self.version(status, text)))
            }
            let properties = try folder.folder(DataPath.properties)
            try properties?.eachName { (name) throws(FileFailure) in
                guard found.count < Self.most, let status = properties?.status(of: name) else { return }
                found.append(File(name: String(cString: name), isProperty: true, version: Self.version(status, "")))
            }
        } catch { return nil }
        files = found
    }

    /// Reads only some files of the data directory.
    init?(_ run: String, only names: Set<String>, properties: Set<String>) {
        guard let folder = try? RunDirectory(run).openData() else { return nil }
        for name in names where !Self.passedOver.contains(name) {
            guard let status = folder.status(of: name) else { continue }
            files.append(File(name: name, isProperty: false, version: Self.version(status, name)))
        }
        if properties.isEmpty { return }
        guard let folder = (try? folder.folder(DataPath.properties)) ?? nil else { return }
        for name in properties {
            guard let status = folder.status(of: name) else { continue }
            files.append(File(name: name, isProperty: true, version: Self.version(status, "")))
        }
    }

    /// For rows, which are appended in place, only the file and its length count.
    static func version(_ status: stat, _ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let time = name == DataPath.metricsRows.description ? timespec() : status.st_mtim
        // An inode may have any number of 64 bits.
        let numbers =
            [UInt64(status.st_ino)] + [status.st_size, time.tv_sec, time.tv_nsec].map { UInt64(bitPattern: Int64($0)) }
        for number in numbers {
            hash = (hash ^ number) &* 0x100_0000_01b3
            hash ^= hash >> 29
        }
        return hash
    }

    private struct Name: Hashable {
        let name: ExactText
        let isProperty: Bool
    }

    private var versions: [Name: UInt64] {
        Dictionary(files.map { (Name(name: ExactText($0.name), isProperty: $0.isProperty), $0.version) }) { first, _ in
            first
        }
    }

    /// The names of files that were replaced, added or removed.
    struct Changes: Sendable {
        var files: [String] = []
        var properties: [String] = []

        var isEmpty: Bool { files.isEmpty && properties.isEmpty }
    }

    /// The changes since an earlier snapshot.
    func changes(since before: SeenFiles) -> Changes {
        var changes = Changes()
        // The usual case: none.
        if files.count == before.files.count,
            zip(files, before.files).allSatisfy({ $0.version == $1.version && ExactText($0.name) == ExactText($1.name) }
            )
        {
            return changes
        }
        let (now, then) = (versions, before.versions)
        for name in Set(now.keys).union(then.keys) where now[name] != then[name] {
            let text = name.name.text
            if name.isProperty { changes.properties.append(text) } else { changes.files.append(text) }
        }
        changes.files.sort()
        changes.properties.sort()
        return changes
    }

    /// Takes over the state of some files from another snapshot.
    mutating func take(files names: Set<String>, properties: Set<String>, from other: SeenFiles) {
        func isMeant(_ file: File) -> Bool { (file.isProperty ? properties : names).contains(file.name) }
        files.removeAll(where: isMeant)
        files += other.files.filter(isMeant)
    }
}
