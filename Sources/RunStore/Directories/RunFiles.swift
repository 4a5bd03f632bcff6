internal import Glibc
internal import RunMetadata

/// What is in a data directory.
enum RunFiles {
    /// All properties: names in order, texts.
    static func properties(in data: String) throws(FileFailure) -> [(String, String)] {
        let folder = "\(data)/\(DataPath.properties)"
        var found: [(String, String)] = []
        for name in try Files.names(in: folder).sorted() {
            if let bytes = try Files.read("\(folder)/\(name)") { found.append((name, PropertyText.read(bytes))) }
        }
        return found
    }

    /// The paths of all files.
    static func paths(in data: String, below folder: String = "") throws(FileFailure) -> [DataPath] {
        var found: [DataPath] = []
        for name in try Files.names(in: folder.isEmpty ? data : "\(data)/\(folder)").sorted() {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            if Files.isOwnDirectory("\(data)/\(path)") {
                found += try paths(in: data, below: path)
            } else if let path = DataPath(path) {
                found.append(path)
            }
        }
        return found
    }

    /// When something was written last, seconds since 1970: the youngest of the data directory, the properties and the
    /// rows of metrics. (Every other file is replaced when it is written, which its directory's time tells.)
    static func updated(_ data: String) -> Double {
        var youngest = 0.0
        for path in ["", DataPath.properties, DataPath.metricsRows.description] {
            guard let status = Files.status("\(data)/\(path)") else { continue }
            youngest = max(youngest, Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
        }
        return youngest
    }
}
