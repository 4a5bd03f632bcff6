internal import CLinux
internal import Glibc
internal import RunMetadata

/// Checks what an executable has made.
///
/// It is not trusted: paths have at most the system's length, no link is followed, and only files and folders are
/// accepted.
struct WriterOutput {
    /// The most nested folders.
    private static let deepest = 32

    /// Why it cannot be published.
    struct Fault: Error {
        let reason: String
    }

    /// The files, as paths below the folder.
    private(set) var files: [DataPath] = []
    /// The names at the top of the folder.
    let top: [String]
    private(set) var bytes = 0
    private var entries = 0

    /// - Parameter strictly: whether anything but files and folders is a fault; if not, it is skipped, and only the
    ///   counts are kept
    init(_ folder: String, settings: ExecutableSettings, strictly: Bool = true) throws(Fault) {
        top = Self.names(in: folder, atMost: settings.maxEntries + 1)
        try look(at: top, in: folder, "", depth: 0, settings, strictly)
    }

    private mutating func look(
        at names: [String], in folder: String, _ prefix: String, depth: Int, _ settings: ExecutableSettings,
        _ strictly: Bool
    ) throws(Fault) {
        for name in names {
            let path = "\(folder)/\(name)"
            let shown = prefix + name
            let status = clinux_look(path, 0)
            entries += 1
            bytes += status.kind == CLINUX_FILE ? Int(status.size) : 0
            if entries > settings.maxEntries {
                throw Fault(reason: "more than \(settings.maxEntries) files and folders")
            }
            if bytes > settings.maxOutput { throw Fault(reason: "more than \(settings.maxOutput) bytes") }
            switch status.kind {
            case CLINUX_DIRECTORY:
                if depth == Self.deepest { throw Fault(reason: "more than \(Self.deepest) nested folders") }
                try look(
                    at: Self.names(in: path, atMost: settings.maxEntries + 1), in: path, shown + "/", depth: depth + 1,
                    settings, strictly)
            default:
                guard strictly else { continue }
                files.append(try file(shown, status))
            }
        }
    }

    private func file(_ path: String, _ status: clinux_status) throws(Fault) -> DataPath {
        switch status.kind {
        case CLINUX_FILE where status.links == 1: break
        // A name that is not UTF-8 was repaired, so there is no such file.
        case CLINUX_NOTHING: throw Fault(reason: "\"\(path)\" is not a valid file name: it is not UTF-8")
        case CLINUX_FILE: throw Fault(reason: "\"\(path)\" is a hard link")
        case CLINUX_LINK: throw Fault(reason: "\"\(path)\" is a link")
        default: throw Fault(reason: "\"\(path)\" is a device, a socket or a pipe")
        }
        guard let data = DataPath(path), !path.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 })
        else { throw Fault(reason: "\"\(path)\" is not a valid file name: it has a control character") }
        if data.isOfStandardType { throw Fault(reason: "\"\(path)\" belongs to a standard type") }
        return data
    }

    private static func names(in folder: String, atMost limit: Int) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
