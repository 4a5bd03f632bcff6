internal import JSON
internal import LocalFiles
internal import Yams

/// A folder of MLflow's file store (mlflow/store/tracking/file_store.py), such as that of an experiment or a run.
struct FileStoreFolder: Sendable {
    let path: String

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }

    /// The folders in it, sorted by name, without links.
    func folders() -> [FileStoreFolder] {
        let names = ((try? Files.names(in: path)) ?? []).sorted()
        return names.map { FileStoreFolder(path: "\(path)/\($0)") }.filter { Files.isOwnDirectory($0.path) }
    }

    func folder(_ name: String) -> FileStoreFolder { FileStoreFolder(path: "\(path)/\(name)") }

    /// The fields of its `meta.yaml` as text; those that are null are left out.
    /// - Returns: nil if there is no such file, or it cannot be read
    func meta() -> [String: String]? {
        guard let bytes = (try? Files.read("\(path)/meta.yaml")) ?? nil,
            let node = try? Yams.compose(yaml: String(decoding: bytes, as: UTF8.self)), let mapping = node.mapping
        else { return nil }
        var fields: [String: String] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string, let scalar = value.scalar else { continue }
            if scalar.style == .plain, ["null", "~", ""].contains(scalar.string) { continue }
            fields[name] = scalar.string
        }
        return fields
    }

    /// The files below it, by their path in it: a name with slashes is stored as a path.
    func files() throws -> [(name: String, path: String)] {
        guard Files.isOwnDirectory(path) else { return [] }
        var found: [(name: String, path: String)] = []
        for folder in try Files.folders(in: path) {
            let place = folder.isEmpty ? path : "\(path)/\(folder)"
            for name in try Files.names(in: place).sorted() {
                let file = "\(place)/\(name)"
                if Files.isDirectory(file) { continue }
                found.append((folder.isEmpty ? name : "\(folder)/\(name)", file))
            }
        }
        return found
    }

    /// The names and contents of the files below it. Params and tags are stored in this way.
    func texts() throws -> [(name: String, value: String)] {
        try files().map { name, path in (name, String(decoding: try Files.read(path) ?? [], as: UTF8.self)) }
    }
}
