internal import HTTPServer
internal import JSON
internal import LocalFiles

/// A server that speaks MLflow's REST API, such as MLflow's own or another Rundir.
struct TrackingServerSource: MLflowSource {
    let server: TrackingServer
    private static let api = "/api/2.0/mlflow"

    init(_ server: TrackingServer) { self.server = server }

    // MARK: Experiments and runs

    func experiments(reportingTo progress: (Int) -> Void) throws -> [SourceExperiment] {
        var found: [SourceExperiment] = []
        try pages { token in
            try server.post(
                "\(Self.api)/experiments/search", ["view_type": "ALL", "max_results": 1000, "page_token": token])
        } each: { page in
            for object in try page.objects("experiments") {
                let id = try object.required("experiment_id")
                var experiment = SourceExperiment(id: id, name: try object.text("name") ?? id)
                experiment.created = try object.whole("creation_time")
                for (name, value) in try Self.pairs(object, "tags") { experiment.tags[name] = .string(value) }
                experiment.isDeleted = try object.text("lifecycle_stage") == "deleted"
                found.append(experiment)
            }
        }
        if found.isEmpty { throw ImportRefusal("the server has no experiments") }
        // The oldest first, so that experiments are numbered in the same order.
        found.sort { ($0.created ?? 0, Int($0.id) ?? 0) < ($1.created ?? 0, Int($1.id) ?? 0) }
        var count = 0
        for index in found.indices {
            found[index].runs = try runs(of: found[index].id) { progress(count + $0) }
            count += found[index].runs.count
        }
        return found
    }

    /// The ids of an experiment's runs, oldest first: new runs then come last and do not shift the pages.
    private func runs(of experiment: String, reportingTo progress: (Int) -> Void) throws -> [String] {
        var (runs, known): ([String], Set<String>) = ([], [])
        try pages { token in
            try server.post(
                "\(Self.api)/runs/search",
                [
                    "experiment_ids": [.string(experiment)], "run_view_type": "ALL", "max_results": 1000,
                    "order_by": ["attributes.start_time ASC"], "page_token": token,
                ])
        } each: { page in
            for object in try page.objects("runs") {
                guard let info = object.object["info"]?.object.map(MLflowParameters.init) else { continue }
                let id = try info.required("run_id")
                if known.insert(id).inserted { runs.append(id) }
            }
            progress(runs.count)
        }
        return runs
    }

    func run(_ name: String, of experiment: SourceExperiment, leftOut: LeftOut) throws -> SourceRun {
        let reply = try server.get("\(Self.api)/runs/get", [("run_id", name)])
        func part(_ path: String...) -> MLflowParameters {
            let found = path.reduce(reply.object["run"]) { $0?[$1] }
            return MLflowParameters(found?.object ?? JSONObject())
        }
        let (info, data) = (part("info"), part("data"))
        var run = SourceRun(
            id: try info.required("run_id"),
            place: SourcePlace(owner: name, uri: try info.text("artifact_uri") ?? ""))
        // Rundir shows the id as the name of a run without one.
        run.name = try info.text("run_name").flatMap { $0 == name ? nil : $0 }
        run.user = try info.text("user_id")
        run.status = try info.text("status").flatMap { MLflowStatus(sent: $0) } ?? .running
        run.start = try info.whole("start_time").flatMap { $0 > 0 ? $0 : nil }
        run.end = try info.whole("end_time").flatMap { $0 > 0 ? $0 : nil }
        run.isDeleted = try info.text("lifecycle_stage") == "deleted"
        if !run.status.isEnd, !run.isDeleted { leftOut("what it logs from now on, since it is running") }
        run.params = try Self.pairs(data, "params")
        run.tags = try Self.pairs(data, "tags")
        run.metrics = try data.objects("metrics").map { try $0.required("key") }
        run.datasets = part("inputs").list("dataset_inputs")
        for output in try part("outputs").objects("model_outputs") {
            let id = try output.required("model_id")
            guard var model = try self.model(id) else {
                leftOut("its model \(id), which is not there")
                continue
            }
            model.step = try output.whole("step") ?? 0
            run.models.append(model)
        }
        return run
    }

    /// A logged model; nil if it no longer exists.
    private func model(_ id: String) throws -> SourceModel? {
        let found = try unlessMissing { try server.get("\(Self.api)/logged-models/\(PercentEncoding.encode(id))") }
        guard let reply = found else { return nil }
        let info = MLflowParameters(reply.object["model"]?["info"]?.object ?? JSONObject())
        let data = MLflowParameters(reply.object["model"]?["data"]?.object ?? JSONObject())
        var object = JSONObject()
        for name in ["name", "status", "model_type"] { object[name] = try info.text(name).map { .string($0) } }
        for name in ["creation_timestamp_ms", "last_updated_timestamp_ms"] {
            object[name] = try info.whole(name).map { MLflowJSON.number($0) }
        }
        for (name, pairs) in [("tags", try Self.pairs(info, "tags")), ("params", try Self.pairs(data, "params"))] {
            object[name] = .object(pairs.reduce(into: JSONObject()) { $0[$1.name] = .string($1.value) })
        }
        return SourceModel(
            id: id, object: object, metrics: try data.objects("metrics"),
            place: SourcePlace(owner: id, isModel: true, uri: try info.text("artifact_uri") ?? ""))
    }

    // MARK: Metrics

    /// Values per page. Servers without pages send all.
    private static let pageSize = "25000"

    func values(of run: SourceRun, leftOut: LeftOut) throws -> [SourceValue] {
        var values: [SourceValue] = []
        for key in run.metrics {
            try pages { token in
                var query: [(name: String, value: String)] = [
                    ("run_id", run.id), ("metric_key", key), ("max_results", Self.pageSize),
                ]
                if let token = token.string { query.append(("page_token", token)) }
                return try server.get("\(Self.api)/metrics/get-history", query)
            } each: { page in
                for value in try page.objects("metrics") {
                    values.append(
                        SourceValue(
                            key: key, value: try value.number("value"), time: try value.whole("timestamp") ?? 0,
                            step: try value.whole("step") ?? 0))
                }
            }
        }
        return values
    }

    // MARK: Parts

    /// Calls `each` with each page of a listing.
    /// - Parameter read: reads the page of a token; null for the first one
    func pages(
        _ read: (_ token: JSONValue) throws -> MLflowParameters, each: (MLflowParameters) throws -> Void
    ) throws {
        var token = JSONValue.null
        while true {
            let page = try read(token)
            try each(page)
            guard let next = try page.text("next_page_token"), !next.isEmpty else { return }
            if token == .string(next) { throw ImportRefusal("the server has a page that follows itself") }
            token = .string(next)
        }
    }

    /// Nil if the server replies 404.
    func unlessMissing<Result>(_ body: () throws -> Result) throws -> Result? {
        do { return try body() } catch let refused as TrackingServer.Refused {
            if refused.status == 404 { return nil }
            throw refused
        }
    }

    /// A list of objects with `key` and `value`.
    private static func pairs(_ object: MLflowParameters, _ name: String) throws -> [(name: String, value: String)] {
        try object.objects(name).map { (try $0.required("key"), try $0.text("value") ?? "") }
    }
}
