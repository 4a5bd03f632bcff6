internal import Access
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `logged-models/…`, to the extent that `log_model` and autologging use it: a model belongs to the run that made it.
extension MLflowAPI {
    static let modelRoutes: [MLflowRoute] = [
        MLflowRoute(.post, "/mlflow/logged-models", .write, reply: MLflowAPI.createModel),
        MLflowRoute(.post, "/mlflow/logged-models/search", .read, on: .long, reply: MLflowAPI.searchModels),
        MLflowRoute(.get, "/mlflow/logged-models/{model}", .read, reply: MLflowAPI.getModel),
        MLflowRoute(.patch, "/mlflow/logged-models/{model}", .write, reply: MLflowAPI.finalizeModel),
        MLflowRoute(.delete, "/mlflow/logged-models/{model}", .write, reply: MLflowAPI.deleteModel),
        MLflowRoute(.patch, "/mlflow/logged-models/{model}/tags", .write, reply: MLflowAPI.setModelTags),
        MLflowRoute(.delete, "/mlflow/logged-models/{model}/tags/{key}", .write, reply: MLflowAPI.deleteModelTag),
        MLflowRoute(.post, "/mlflow/logged-models/{model}/params", .write, reply: MLflowAPI.logModelParams),
        MLflowRoute(
            .get, "/mlflow/logged-models/{model}/artifacts/directories", .read, reply: MLflowAPI.listModelArtifacts),
    ].map(\.inScope)

    func createModel(_ call: MLflowCall) throws -> JSONObject {
        let parameters = call.parameters
        guard let source = try parameters.text("source_run_id"), !source.isEmpty else {
            throw MLflowError(
                .notImplemented,
                "Rundir keeps a logged model with the run that made it: log it within a run (source_run_id)")
        }
        let run = try call.run(named: source)
        let record = RunRecord(try snapshot(of: run))
        let (id, now) = (LoggedModel.newID(of: run), Self.now())
        var object: JSONObject = [
            "model_id": .string(id), "experiment_id": .string(record.experiment),
            "name": .string(try parameters.text("name").flatMap { $0.isEmpty ? nil : $0 } ?? "model"),
            "status": "LOGGED_MODEL_PENDING", "creation_timestamp_ms": MLflowJSON.number(now),
            "last_updated_timestamp_ms": MLflowJSON.number(now),
        ]
        object["model_type"] = try parameters.text("model_type").flatMap { $0.isEmpty ? nil : .string($0) }
        object["tags"] = .object(try Self.pairs(parameters.objects("tags")))
        object["params"] = .object(try Self.pairs(parameters.objects("params")))
        guard let file = LoggedModel.file(id) else { throw MLflowError.unknownRun(source) }
        let mark = DataChange.put(.property(MLflowName.models), PropertyText.file("TRUE"))
        try write(run, .change([.put(file, JSONWriter.pretty(.object(object))), mark]), call.exchange)
        return try reply(LoggedModel(id: id, run: run, object: object))
    }

    func getModel(_ call: MLflowCall) throws -> JSONObject { try reply(try model(call)) }

    func finalizeModel(_ call: MLflowCall) throws -> JSONObject {
        let numbers = ["0": "UNSPECIFIED", "1": "PENDING", "2": "READY", "3": "UPLOAD_FAILED"]
        let text = try call.parameters.required("status")
        let status = numbers[text].map { "LOGGED_MODEL_\($0)" } ?? text
        guard numbers.values.contains(where: { "LOGGED_MODEL_\($0)" == status }) else {
            throw MLflowError.invalid("Invalid value \(text) for parameter 'status'")
        }
        return try change(call, ["status": .string(status)])
    }

    /// Deletes the model's document; its artifacts stay with the run.
    func deleteModel(_ call: MLflowCall) throws -> JSONObject {
        let model = try model(call)
        guard let file = LoggedModel.file(model.id) else { throw Self.unknownModel(model.id) }
        try write(model.run, .removeMetadata(.files([file])), call.exchange)
        return JSONObject()
    }

    func setModelTags(_ call: MLflowCall) throws -> JSONObject {
        try change(call, ["tags": .object(try Self.pairs(call.parameters.objects("tags")))])
    }

    func deleteModelTag(_ call: MLflowCall) throws -> JSONObject {
        _ = try change(call, ["tags": .object([call.values[1]: .null])])
        return JSONObject()
    }

    func logModelParams(_ call: MLflowCall) throws -> JSONObject {
        _ = try change(call, ["params": .object(try Self.pairs(call.parameters.objects("params")))])
        return JSONObject()
    }

    func listModelArtifacts(_ call: MLflowCall) throws -> JSONObject {
        let model = try model(call)
        let folder = try call.parameters.text("artifact_directory_path") ?? ""
        let place = try ArtifactPlace(model.run, "models/\(model.id)/\(folder)")
        let root = model.json(try experiments.list()[model.experiment]?.artifactRoot ?? "")["info"]?["artifact_uri"]
        let prefix = "models/\(model.id)/".utf8.count
        let (files, next) = try list(place, after: try call.parameters.text("page_token") ?? "") {
            String($0.text.utf8.dropFirst(prefix)) ?? $0.text
        }
        var reply: JSONObject = ["root_uri": root ?? ""]
        if !files.isEmpty { reply["files"] = .array(files) }
        reply["next_page_token"] = next.map { .string($0) }
        return reply
    }

    func searchModels(_ call: MLflowCall) throws -> JSONObject {
        let parameters = call.parameters
        let ids = try parameters.texts("experiment_ids")
        let filter = try SearchFilter(parameters.text("filter"))
        var orders: [SearchOrder] = []
        for order in try parameters.objects("order_by") {
            let isAscending = order.object["ascending"]?.bool ?? true
            orders.append(try SearchOrder("\(try order.required("field_name")) \(isAscending ? "ASC" : "DESC")"))
        }
        var query = RunQuery()
        let mark = SearchCondition.quoted(column: MLflowName.models.description)
        let condition = try SearchCondition.experiments(ids)
        query.predicate = try RunPredicate("\(condition) & !is.na(\(mark))")
        (query.takesUnknownColumns, query.limit) = (true, 500)
        query.keep(to: call.exchange.grant.scope)
        var found: [LoggedModel] = []
        repeat {
            try call.exchange.checkPresence()
            let page = try store.runs(query)
            for listed in page.runs { found += try models(of: listed.run).filter(filter.matches) }
            query.cursor = page.next
        } while query.cursor != nil
        found.sort { $0.created > $1.created }
        found = try SearchSorting.sorted(found, by: orders)
        let (page, next) = try SearchSorting.page(found, parameters, atMost: 1000, default: 100)
        var reply = JSONObject()
        let list = try experiments.list()
        if !page.isEmpty { reply["models"] = .array(page.map { .object($0.json(root(of: $0, list))) }) }
        reply["next_page_token"] = next.map { .string($0) }
        return reply
    }

    // MARK: Parts

    private func reply(_ model: LoggedModel) throws -> JSONObject {
        ["model": .object(model.json(root(of: model, try experiments.list())))]
    }

    private func root(of model: LoggedModel, _ list: ExperimentList) -> String {
        list[model.experiment]?.artifactRoot ?? "mlflow-artifacts:/\(model.experiment)"
    }

    private static func unknownModel(_ id: String) -> MLflowError {
        MLflowError(.resourceDoesNotExist, "Logged model with ID '\(id)' not found.")
    }

    /// The model that a path names.
    private func model(_ call: MLflowCall) throws -> LoggedModel {
        let id = call.values[0]
        guard let run = LoggedModel.run(of: id) else { throw Self.unknownModel(id) }
        return try model(id, of: try call.run(named: run.description))
    }

    /// - Parameter links: the metrics of the run's models, by model, if they are known
    private func model(_ id: String, of run: RunID, links: [String: [JSONObject]]? = nil) throws -> LoggedModel {
        guard let file = LoggedModel.file(id),
            let blob = try store.file(file, of: run), let object = try JSONValue.parse(blob.read()).object
        else { throw Self.unknownModel(id) }
        let metrics = try (links ?? metricsOfModels(of: run))[id] ?? []
        return LoggedModel(id: id, run: run, object: object, metrics: metrics)
    }

    /// The metrics that were logged with the models of a run, by model.
    private func metricsOfModels(of run: RunID) throws -> [String: [JSONObject]] {
        Dictionary(grouping: try lines(of: MetricRows.linksFile, run)) { $0["model_id"]?.string ?? "" }
    }

    private func models(of run: RunID) throws -> [LoggedModel] {
        let links = try metricsOfModels(of: run)
        return try store.files(below: LoggedModel.folder, of: run).compactMap { path, _ in
            guard let name = path.components.last, name.hasSuffix(".json") else { return nil }
            return try model(String(name.dropLast(".json".count)), of: run, links: links)
        }
    }

    /// Merges a patch into a model's document.
    private func change(_ call: MLflowCall, _ patch: JSONObject) throws -> JSONObject {
        let model = try model(call)
        guard let file = LoggedModel.file(model.id) else { throw Self.unknownModel(model.id) }
        var patch = patch
        patch["last_updated_timestamp_ms"] = MLflowJSON.number(Self.now())
        let action = RunWrite.Action.patch(
            .file(file), JSONObjectPatch(patch) { NamedListFiles(file: JSONWriter.pretty(.object($0))) })
        try write(model.run, action, call.exchange)
        return try reply(try self.model(model.id, of: model.run))
    }

    private static func pairs(_ list: [MLflowParameters]) throws(MLflowError) -> JSONObject {
        var object = JSONObject()
        for pair in list { object[try pair.required("key")] = .string(try pair.text("value") ?? "") }
        return object
    }
}
