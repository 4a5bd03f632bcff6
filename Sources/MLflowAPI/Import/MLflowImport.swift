internal import JSON
package import LocalFiles
internal import RunMetadata
package import RunStore

/// Imports the data of MLflow into a run store: experiments, runs with params, tags, all values of metrics, datasets,
/// models and artifacts. Deleted runs and experiments are archived.
///
///     let run = MLflowImport(ofFileStore: "mlruns", into: store, scratch: store.scratch)
///     try run.run(reportingTo: bar.show) { event in … }
///
/// Each run is imported completely or not at all: its data waits until the run is initialised. Runs that exist already
/// are skipped, so that an import can be stopped and started again.
package struct MLflowImport {
    /// What happened to a run.
    package enum Event: Sendable {
        case imported(String)
        /// It existed already.
        case passedOver(String)
        /// It could not be imported, for the given reason.
        case failed(String, String)
        /// The described part of it was left out.
        case leftOut(String, String)
    }

    private let source: any MLflowSource
    private let store: any RunStore
    private let experiments: Experiments
    private let scratch: Scratch

    /// - Parameter folder: the path of `mlruns`
    package init(ofFileStore folder: String, into store: any RunStore & DocumentStore, scratch: Scratch) {
        self.init(FileStoreSource(folder), into: store, scratch: scratch)
    }

    /// - Parameters:
    ///   - address: of MLflow's server, such as `http://host:5000`
    ///   - settings: how to reach it
    /// - Throws: if the address is malformed, or libcurl is missing
    package init(
        ofServer address: String, _ settings: TrackingServer.Settings, into store: any RunStore & DocumentStore,
        scratch: Scratch
    ) throws {
        self.init(TrackingServerSource(try TrackingServer(address, settings)), into: store, scratch: scratch)
    }

    init(_ source: any MLflowSource, into store: any RunStore & DocumentStore, scratch: Scratch) {
        (self.source, self.store, self.scratch) = (source, store, scratch)
        experiments = Experiments(store)
    }

    /// Imports all.
    /// - Parameters:
    ///   - progress: called with the number of finished runs and of all runs
    ///   - report: called with what happened to each run
    /// - Throws: if the source has no data of MLflow, or can no longer be reached
    package func run(reportingTo progress: (Int, Int) -> Void, report: (Event) -> Void) throws {
        let all = try source.experiments { progress(0, $0) }
        let total = all.reduce(0) { $0 + $1.runs.count }
        var done = 0
        for sourceExperiment in all {
            let experiment = try experiment(sourceExperiment)
            for name in sourceExperiment.runs {
                do {
                    try take(name, sourceExperiment, as: experiment, report)
                } catch let away as TrackingServer.Away {
                    throw away
                } catch {
                    report(.failed(name, (error as? MetadataFault)?.detail ?? "\(error)"))
                }
                done += 1
                progress(done, total)
            }
        }
    }

    /// The experiment here for the runs of a source experiment. An existing one with the same name is used; else it is
    /// created, with the source's id if that is free.
    private func experiment(_ source: SourceExperiment) throws -> Experiment {
        let created = source.created ?? MLflowAPI.now()
        return try experiments.change { list in
            if source.id == Experiment.defaultID, source.name == "Default" {
                try list.change(source.id, now: created) { $0.tags = $0.tags.merging(patch: source.tags) }
                return list[source.id]!
            }
            if let known = list.named(source.name) { return known }
            let made = try list.add(source.name, id: source.id, tags: source.tags, now: created)
            try list.change(made.id, now: created) { $0.isDeleted = source.isDeleted }
            return list[made.id]!
        }
    }

    private func take(
        _ name: String, _ sourceExperiment: SourceExperiment, as experiment: Experiment, _ report: (Event) -> Void
    ) throws {
        // A run that exists need not be read.
        if let id = RunID(name), try isThere(id) { return report(.passedOver(name)) }
        var notes: [String] = []
        let source = try source.run(name, of: sourceExperiment) { notes.append($0) }
        guard let run = RunID(source.id) else {
            throw ImportRefusal("\"\(source.id)\" is not a run id; \(RunID.rule)")
        }
        if try isThere(run) { return report(.passedOver(source.id)) }
        defer { for note in notes { report(.leftOut(source.id, note)) } }
        try take(source, as: run, in: experiment, isDeleted: sourceExperiment.isDeleted) { notes.append($0) }
        report(.imported(source.id))
    }

    private func isThere(_ run: RunID) throws -> Bool {
        guard let there = try store.snapshot(of: run) else { return false }
        return there.status != .pending
    }

    private func take(
        _ source: SourceRun, as run: RunID, in experiment: Experiment, isDeleted: Bool, leftOut: LeftOut
    ) throws {
        // Left by an import that was stopped.
        if try store.snapshot(of: run) != nil { try write([RunWrite(.run(run), .purgePending())]) }
        let start = source.start(in: experiment, leftOut: leftOut)
        if source.status == .failed {
            let error: JSONValue = ["message": "The run failed (status FAILED of MLflow)."]
            try change(run, [.put(.error, JSONWriter.pretty(error))])
        }
        for rows in MetricRows.parts(try self.source.values(of: source, leftOut: leftOut)) {
            try change(run, rows.changes)
        }
        try copyArtifacts(at: source.place, of: run, into: "", leftOut: leftOut)
        if !source.datasets.isEmpty { try change(run, [MLflowAPI.inputs(datasets: source.datasets)]) }
        try copyModels(of: source, as: run, in: experiment, leftOut: leftOut)
        // Both in one commit, so that a deleted run is never visible as active.
        let initialise = RunWrite(.run(run), .initialise(session: SessionName("import")!, start))
        try write([initialise] + (source.isDeleted || isDeleted ? [RunWrite(.run(run), .archive)] : []))
        store.settle(run)
    }

    private func copyModels(of source: SourceRun, as run: RunID, in experiment: Experiment, leftOut: LeftOut) throws {
        for model in source.models {
            let id = LoggedModel.importedID(model.id, of: run)
            guard let file = LoggedModel.file(id) else { continue }
            var object = model.object
            object["model_id"] = .string(id)
            object["experiment_id"] = .string(experiment.id)
            var rows = MetricRows()
            for metric in model.metrics { try rows.appendLink(of: metric, to: id) }
            let mark = DataChange.put(.property(MLflowName.models), PropertyText.file("TRUE"))
            try change(run, [.put(file, JSONWriter.pretty(.object(object))), mark] + rows.changes)
            try change(run, [MLflowAPI.output(model: id, step: model.step)])
            try copyArtifacts(at: model.place, of: run, into: "models/\(id)/", leftOut: leftOut)
        }
    }

    private func copyArtifacts(
        at place: SourcePlace, of run: RunID, into prefix: String, leftOut: LeftOut
    ) throws {
        for source in try source.artifacts(at: place, leftOut: leftOut) {
            guard let artifact = ArtifactPath(prefix + source.name), !artifact.isMetadata else {
                leftOut("the artifact \"\(source.name)\": \(ArtifactPath.rule)")
                continue
            }
            guard let file = try self.source.copy(source, in: scratch) else {
                leftOut("the artifact \"\(source.name)\", which is not there, or is a link or no ordinary file")
                continue
            }
            try change(run, [.artifact(file, artifact, if: { _ in true })])
        }
    }

    private func change(_ run: RunID, _ changes: [DataChange]) throws {
        if !changes.isEmpty { try write([RunWrite(.run(run), .change(changes))]) }
    }

    private func write(_ writes: [RunWrite]) throws {
        // No other thread commits.
        let wake: @Sendable () -> Void = { [store] in (store as? any GroupCommit)?.commit() }
        for result in store.submitAndWait(writes, wake: wake) { _ = try result.get() }
    }
}
