internal import Glibc
internal import JSON
internal import LocalFiles

/// MLflow's file store, the folder `mlruns` (mlflow/store/tracking/file_store.py).
struct FileStoreSource: MLflowSource {
    private let root: FileStoreFolder

    /// - Parameter folder: the path of `mlruns`
    init(_ folder: String) { root = FileStoreFolder(path: folder) }

    func experiments(reportingTo progress: (Int) -> Void) throws -> [SourceExperiment] {
        let trash = root.folder(".trash").folders().map { ($0, true) }
        var found: [SourceExperiment] = []
        var count = 0
        for (folder, isTrash) in root.folders().map({ ($0, false) }) + trash {
            // "models" is the model registry.
            guard folder.name != ".trash", folder.name != "models", let meta = folder.meta() else { continue }
            let id = meta["experiment_id"] ?? folder.name
            var experiment = SourceExperiment(id: id, name: meta["name"] ?? id)
            experiment.created = meta["creation_time"].flatMap { Int($0) }
            for (tag, value) in try folder.folder("tags").texts() { experiment.tags[tag] = .string(value) }
            experiment.isDeleted = isTrash || meta["lifecycle_stage"] == "deleted"
            experiment.folder = folder.path
            experiment.runs = folder.folders().filter { $0.meta()?["experiment_id"] != nil && $0.name != "models" }
                .map(\.name)
            count += experiment.runs.count
            progress(count)
            found.append(experiment)
        }
        if found.isEmpty {
            throw ImportRefusal("there is no experiment in it: a folder mlruns has folders with a meta.yaml")
        }
        return found
    }

    func run(_ name: String, of experiment: SourceExperiment, leftOut: LeftOut) throws -> SourceRun {
        let folder = FileStoreFolder(path: experiment.folder).folder(name)
        guard let meta = folder.meta() else { throw ImportRefusal("its meta.yaml is missing or cannot be read") }
        var run = SourceRun(
            id: meta["run_id"] ?? meta["run_uuid"] ?? name,
            place: SourcePlace(owner: folder.path, uri: meta["artifact_uri"] ?? ""))
        (run.name, run.user) = (meta["run_name"], meta["user_id"])
        run.status = meta["status"].flatMap { MLflowStatus(sent: $0) } ?? .running
        (run.start, run.end) = (meta["start_time"].flatMap { Int($0) }, meta["end_time"].flatMap { Int($0) })
        run.isDeleted = meta["lifecycle_stage"] == "deleted"
        run.params = try folder.folder("params").texts()
        run.tags = try folder.folder("tags").texts()
        for name in ["inputs", "outputs"] where Files.isDirectory(folder.folder(name).path) { leftOut("its \(name)") }
        return run
    }

    func values(of run: SourceRun, leftOut: LeftOut) throws -> [SourceValue] {
        var values: [SourceValue] = []
        for (key, path) in try FileStoreFolder(path: run.place.owner).folder("metrics").files() {
            let lines = try Files.read(path) ?? []
            var broken = 0
            for line in lines.split(separator: UInt8(ascii: "\n")) {
                // "timestamp value step"; newer versions add the dataset.
                let parts = String(decoding: line, as: UTF8.self).split(separator: " ")
                guard parts.count >= 2, let time = Int(parts[0]), let value = Self.number(parts[1]) else {
                    broken += 1
                    continue
                }
                let step = parts.count > 2 ? Int(parts[2]) ?? 0 : 0
                values.append(SourceValue(key: key, value: value, time: time, step: step))
            }
            if broken > 0 { leftOut("\(broken) lines of the metric \"\(key)\", which cannot be read") }
        }
        return values
    }

    /// A number as Python writes it.
    private static func number(_ text: Substring) -> JSONNumber? {
        if let number = JSONNumber(String(text)) { return number }
        return Double(text).map { JSONNumber($0) }
    }

    func artifacts(at place: SourcePlace, leftOut: LeftOut) throws -> [SourceArtifact] {
        let folder = FileStoreFolder(path: place.owner).folder("artifacts")
        if !Files.isOwnDirectory(folder.path), place.uri.contains("://"), !place.uri.hasPrefix("file:") {
            leftOut("its artifacts, which are at \(place.uri)")
        }
        return try folder.files().map { SourceArtifact(name: $0.name, place: $0.path) }
    }

    func copy(_ artifact: SourceArtifact, in scratch: Scratch) throws -> StagingFile? {
        guard let source = try open(artifact.place) else { return nil }
        defer { close(source) }
        let file = try scratch.makeFile()
        var offset = 0
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = try piece.withUnsafeMutableBytes { buffer in
                let count = try Files.read(source, into: buffer, at: offset, path: artifact.place)
                try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return count
            }
            if count == 0 { break }
            offset += count
        }
        _ = try file.finish()
        return file
    }

    /// Opens an ordinary file (open(2), O_NOFOLLOW); nil if it is not one.
    private func open(_ path: String) throws -> CInt? {
        guard let status = Files.status(path), status.st_mode & S_IFMT == S_IFREG else { return nil }
        let descriptor = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0, errno != ELOOP { throw FileFailure("open", path) }
        return descriptor < 0 ? nil : descriptor
    }
}
