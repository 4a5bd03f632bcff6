internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata

/// The files of a run's data directory as they were seen at some moment: enough to tell which have changed since.
///
/// Of folders other than that of the properties, their own time of change is seen, and nothing in them.
struct SeenFiles: Sendable {
    /// A file or folder, and what its version comes to.
    struct File: Sendable {
        /// In the data directory; of a property, its name.
        let name: String
        let isProperty: Bool
        let version: UInt64
    }

    /// Files of one run that are looked at.
    private static let most = 2000
    /// What belongs to other files, of which those tell.
    private static let passedOver: Set<String> = ["sent", DataPath.earlierMetricsRows.description]

    private(set) var files: [File] = []

    /// Looks at the data directory of a run's directory; nil where there is none.
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

    /// Looks at some files of the data directory alone.
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

    /// Rows are appended in place: they are the same file, of another length.
    private static func version(_ status: stat, _ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let time = name == DataPath.metricsRows.description ? timespec() : status.st_mtim
        for number in [Int(status.st_ino), Int(status.st_size), time.tv_sec, time.tv_nsec] {
            hash = (hash ^ UInt64(truncatingIfNeeded: number)) &* 0x100_0000_01b3
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

    /// The names of files that are other ones, or came, or went.
    struct Changes: Sendable {
        var files: [String] = []
        var properties: [String] = []

        var isEmpty: Bool { files.isEmpty && properties.isEmpty }
    }

    /// What has changed since.
    func changes(since before: SeenFiles) -> Changes {
        var changes = Changes()
        // The usual case: nothing has.
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

    /// Takes over what another look has found of some files.
    mutating func take(files names: Set<String>, properties: Set<String>, from other: SeenFiles) {
        func isMeant(_ file: File) -> Bool { (file.isProperty ? properties : names).contains(file.name) }
        files.removeAll(where: isMeant)
        files += other.files.filter(isMeant)
    }
}
