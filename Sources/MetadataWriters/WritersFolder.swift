internal import CLinux
internal import Glibc
internal import RunMetadata

/// The folder in which the operator registers writers of custom types: an executable `<type>` or `<type>/run`, a
/// description `<type>.json`, or both; the description then holds the executable's settings.
package enum WritersFolder {
    /// All faults in the folder.
    package struct Faults: Error, CustomStringConvertible {
        package let faults: [WriterFault]

        package var description: String { faults.map(\.description).joined(separator: "\n") }
    }

    /// Reads the folder.
    /// - Returns: the writers, by name of type
    /// - Throws: `Faults`, with the faults of all files
    package static func load(_ folder: String, _ context: FolderWriter.Context) throws(Faults) -> [any MetadataWriter] {
        guard let names = names(in: folder) else {
            throw Faults(faults: [WriterFault(folder, "cannot be read: \(String(cString: strerror(errno)))")])
        }
        var found: [MetadataType: Files] = [:]
        var faults: [WriterFault] = []
        for name in names {
            do throws(WriterFault) {
                guard let (type, file) = try look(at: name, in: folder) else { continue }
                switch file {
                case .executable(let path): found[type, default: Files()].executable = path
                case .description(let path): found[type, default: Files()].description = path
                }
            } catch { faults.append(error) }
        }
        var writers: [any MetadataWriter] = []
        for (type, files) in found.sorted(by: { $0.key.description < $1.key.description }) {
            do throws(WriterFault) { writers.append(try writer(type, files, context)) } catch {
                faults.append(error)
            }
        }
        if !faults.isEmpty { throw Faults(faults: faults) }
        return writers
    }

    /// The files of a type.
    private struct Files {
        var executable: String?
        var description: String?
    }

    private enum Found {
        case executable(String)
        case description(String)
    }

    /// What a name in the folder is; nil if it is not a writer: a README, a hidden file, a folder of modules.
    private static func look(at name: String, in folder: String) throws(WriterFault) -> (MetadataType, Found)? {
        let path = "\(folder)/\(name)"
        let kind = clinux_kind_at(path, 1)
        if name.hasSuffix(".json"), !name.hasPrefix("."), kind == CLINUX_FILE {
            guard let type = MetadataType(String(name.dropLast(5))) else {
                throw WriterFault(name, "its name is not a type; \(MetadataType.rule)")
            }
            return (type, .description(path))
        }
        guard let type = MetadataType(name) else { return nil }
        switch kind {
        case CLINUX_FILE:
            guard access(path, X_OK) == 0 else {
                throw WriterFault(name, "it is not executable; chmod +x it, or rename it")
            }
            return (type, .executable(absolute(path)))
        case CLINUX_DIRECTORY:
            guard clinux_kind_at("\(path)/run", 1) == CLINUX_FILE else { return nil }
            guard access("\(path)/run", X_OK) == 0 else {
                throw WriterFault("\(name)/run", "it is not executable; chmod +x it")
            }
            return (type, .executable(absolute("\(path)/run")))
        default: throw WriterFault(name, "it is neither a file nor a folder")
        }
    }

    private static func writer(
        _ type: MetadataType, _ files: Files, _ context: FolderWriter.Context
    ) throws(WriterFault) -> any MetadataWriter {
        var description: WriterDescription?
        if let path = files.description {
            guard let text = read(path) else {
                throw WriterFault("\(type).json", "cannot be read: \(String(cString: strerror(errno)))")
            }
            description = try WriterDescription(type: type, text: text)
        }
        guard let executable = files.executable else {
            guard let description else {
                throw WriterFault(type.description, "it has no executable and no description")
            }
            return try description.writer(context)
        }
        let settings = try description?.settings() ?? ExecutableSettings()
        return ExecutableWriter(
            type: type, executable: executable, settings: settings, store: context.store, scratch: context.scratch)
    }

    // MARK: Files

    private static func names(in folder: String) -> [String]? {
        guard let directory = opendir(folder) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names.sorted()
    }

    /// The absolute path, since an executable is started in another directory (realpath(3)).
    private static func absolute(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&part, 1, part.count, file)
            if count == 0 { return ferror(file) == 0 ? bytes : nil }
            bytes += part[..<count]
        }
    }
}
