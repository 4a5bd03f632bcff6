internal import Glibc
internal import JSON
package import LocalFiles
internal import RunMetadata
package import RunStore

/// Brings MLflow's file store, the folder `mlruns`, into a run store: experiments, runs with params, tags, all values of metrics
/// and artifacts; deleted ones are archived.
///
/// Each run comes in whole or not at all: what it has waits until the run is initialised. Runs that are there already are passed
/// over, so that an import can be stopped and begun again.
package struct FileStoreImport {
    /// Why something is not brought in.
    struct Refusal: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    /// What happened to a run.
    package enum Event: Sendable {
        case imported(String)
        /// It was there.
        case passedOver(String)
        /// It could not be brought in; says why.
        case failed(String, String)
        /// Something of it was left out; says what.
        case leftOut(String, String)
    }

    private let root: FileStoreFolder
    private let store: any RunStore
    private let experiments: Experiments
    private let scratch: Scratch

    /// - Parameter folder: the path of `mlruns`
    package init(_ folder: String, into store: any RunStore & DocumentStore, scratch: Scratch) {
        root = FileStoreFolder(path: folder)
        (self.store, self.scratch) = (store, scratch)
        experiments = Experiments(store)
    }

    /// An experiment's folder, and whether all of it was deleted.
    private typealias Source = (folder: FileStoreFolder, meta: [String: String], isDeleted: Bool)

    /// Imports all.
    /// - Parameters:
    ///   - progress: is told how many runs of all are done
    ///   - report: is told what happened to each run
    /// - Throws: if the folder is not a file store
    package func run(reportingTo progress: (Int, Int) -> Void, report: (Event) -> Void) throws {
        let sources = sources()
        if sources.isEmpty {
            throw Refusal("there is no experiment in it: a folder mlruns has folders with a meta.yaml")
        }
        let folders = sources.map { source in source.folder.folders().filter { $0.meta()?["experiment_id"] != nil } }
        let total = folders.reduce(0) { $0 + $1.count }
        var done = 0
        for (source, runs) in zip(sources, folders) {
            let experiment = try experiment(source)
            for folder in runs {
                do {
                    let run = try FileStoreRun(folder)
                    let isNew = try take(run, experiment, isDeleted: source.isDeleted) {
                        report(.leftOut(run.run.description, $0))
                    }
                    report(isNew ? .imported(run.run.description) : .passedOver(run.run.description))
                } catch {
                    report(.failed(folder.name, (error as? MetadataFault)?.detail ?? "\(error)"))
                }
                done += 1
                progress(done, total)
            }
        }
    }

    private func sources() -> [Source] {
        let trash = root.folder(".trash").folders().map { ($0, true) }
        return (root.folders().map { ($0, false) } + trash).compactMap { folder, isTrash in
            // The model registry is in "models".
            guard folder.name != ".trash", folder.name != "models", let meta = folder.meta() else { return nil }
            return (folder, meta, isTrash || meta["lifecycle_stage"] == "deleted")
        }
    }

    /// The experiment here that takes the runs of a folder. It has the folder's id if that is free; one of the same name is
    /// joined.
    private func experiment(_ source: Source) throws -> Experiment {
        let id = source.meta["experiment_id"] ?? source.folder.name
        let name = source.meta["name"] ?? id
        var tags = JSONObject()
        for (tag, value) in try source.folder.folder("tags").texts() { tags[tag] = .string(value) }
        let created = source.meta["creation_time"].flatMap { Int($0) } ?? MLflowAPI.now()
        return try experiments.change { list in
            if id == Experiment.defaultID, name == "Default" {
                try list.change(id, now: created) { $0.tags = $0.tags.merging(patch: tags) }
                return list[id]!
            }
            if let known = list.named(name) { return known }
            let made = try list.add(name, id: id, tags: tags, now: created)
            try list.change(made.id, now: created) { $0.isDeleted = source.isDeleted }
            return list[made.id]!
        }
    }

    /// - Returns: false if it is there already
    private func take(
        _ run: FileStoreRun, _ experiment: Experiment, isDeleted: Bool, leftOut: (String) -> Void
    ) throws -> Bool {
        let target = RunTarget.run(run.run)
        if let there = try store.snapshot(of: run.run) {
            guard there.status == .pending else { return false }
            // What an import that was stopped has left.
            try write(RunWrite(target, .purgePending()))
        }
        let start = try run.start(in: experiment, leftOut: leftOut)
        if run.status == .failed {
            let error: JSONValue = ["message": "The run failed (status FAILED of MLflow)."]
            try write(RunWrite(target, .change([.put(.error, JSONWriter.pretty(error))])))
        }
        for rows in try run.rows(leftOut: leftOut) where !rows.changes.isEmpty {
            try write(RunWrite(target, .change(rows.changes)))
        }
        try copyArtifacts(of: run, to: target, leftOut: leftOut)
        for name in ["inputs", "outputs"] where Files.isDirectory(run.folder.folder(name).path) {
            leftOut("its \(name)")
        }
        try write(RunWrite(target, .initialise(session: SessionName("import")!, start)))
        store.settle(run.run)
        if run.isDeleted || isDeleted { try write(RunWrite(target, .archive)) }
        return true
    }

    private func copyArtifacts(of run: FileStoreRun, to target: RunTarget, leftOut: (String) -> Void) throws {
        let folder = run.folder.folder("artifacts")
        let place = run.meta["artifact_uri"] ?? ""
        if !Files.isOwnDirectory(folder.path), place.contains("://"), !place.hasPrefix("file:") {
            leftOut("its artifacts, which are at \(place)")
        }
        for (name, path) in try folder.files() {
            guard let artifact = ArtifactPath(name), !artifact.isMetadata else {
                leftOut("the artifact \"\(name)\": \(ArtifactPath.rule)")
                continue
            }
            guard let source = try open(path) else {
                leftOut("the artifact \"\(name)\", which is a link or no ordinary file")
                continue
            }
            defer { close(source) }
            let file = try scratch.makeFile()
            var offset = 0
            var piece = [UInt8](repeating: 0, count: 1 << 20)
            while true {
                let count = try piece.withUnsafeMutableBytes { buffer in
                    let count = try Files.read(source, into: buffer, at: offset, path: path)
                    try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    return count
                }
                if count == 0 { break }
                offset += count
            }
            _ = try file.finish()
            try write(RunWrite(target, .change([.artifact(file, artifact, if: { _ in true })])))
        }
    }

    /// Opens an ordinary file (open(2), O_NOFOLLOW); nil if it is something else.
    private func open(_ path: String) throws -> CInt? {
        guard let status = Files.status(path), status.st_mode & S_IFMT == S_IFREG else { return nil }
        let descriptor = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0, errno != ELOOP { throw FileFailure("open", path) }
        return descriptor < 0 ? nil : descriptor
    }

    private func write(_ write: RunWrite) throws {
        // Nobody else commits.
        let wake: @Sendable () -> Void = { [store] in (store as? any GroupCommit)?.commit() }
        for result in store.submitAndWait([write], wake: wake) { _ = try result.get() }
    }
}
