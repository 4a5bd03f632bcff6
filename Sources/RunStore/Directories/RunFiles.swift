internal import CLinux
internal import Glibc
internal import RunMetadata

/// What is in a run's data directory. What leads out of the run, or may not be read, counts as missing.
enum RunFiles {
    /// All properties: names in order, texts. Names that are not UTF-8 are passed over, and so is long console output.
    static func properties(in run: RunDirectory) throws(FileFailure) -> [(String, String)] {
        var found: [(String, String)] = []
        for text in try propertyNames(in: run) {
            guard let path = DataPath("\(DataPath.properties)/\(text)") else { continue }
            if path == .output, let size = run.status(RunPath(path))?.st_size,
                ConsoleOutput.isTooLong(text, size: Int(size))
            {
                continue
            }
            guard let bytes = try run.readIfInReach(RunPath(path)) else { continue }
            if bytes.isEmpty, path.property?.keepsPlace ?? false { continue }
            found.append((text, PropertyText.read(bytes)))
        }
        return found.sorted { $0.0 < $1.0 }
    }

    /// The names of all properties.
    static func propertyNames(in run: RunDirectory) throws(FileFailure) -> [String] {
        do throws(FileFailure) {
            guard case .folder(let folder) = try run.open(RunPath.properties.bytes) else { return [] }
            return try folder.names().compactMap { String(validating: $0, as: UTF8.self) }
        } catch {
            if error.isOutOfReach { return [] }
            throw error
        }
    }

    /// The paths of all files below a folder of the data directory, and what each is.
    static func files(
        in run: RunDirectory, below folder: DataPath? = nil
    ) throws(StoreError) -> [(path: DataPath, status: stat)] {
        let start = folder.map { RunPath($0) } ?? .data
        return try run.items(below: start.bytes, linkedFiles: true).compactMap { item in
            guard !item.isFolder, let text = String(validating: item.path, as: UTF8.self),
                let path = DataPath(String(text.utf8.dropFirst(RunLayout.dataDirectory.utf8.count + 1)) ?? "")
            else { return nil }
            return (path, item.status)
        }.sorted { $0.path.description < $1.path.description }
    }

    /// When something was written last, seconds since 1970: the youngest of the data directory, the properties, the
    /// console output and the rows of metrics. (Every other file is replaced when it is written, which its directory's time tells.)
    static func updated(_ run: RunDirectory) -> Double {
        var youngest = 0.0
        for path in [RunPath.data, .properties, RunPath(.output), RunPath(.metricsRows)] {
            guard let status = run.status(path) else { continue }
            youngest = max(youngest, Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
        }
        return youngest
    }
}
