internal import Access
internal import HTTPServer
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// `experiments/…`.
extension MLflowAPI {
    static let experimentRoutes: [MLflowRoute] = [
        MLflowRoute(.post, "/mlflow/experiments/create", .write, reply: MLflowAPI.createExperiment).inScope,
        MLflowRoute(.get, "/mlflow/experiments/get", .read, reply: MLflowAPI.getExperiment).inScope,
        MLflowRoute(.get, "/mlflow/experiments/get-by-name", .read, reply: MLflowAPI.getExperimentByName).inScope,
        MLflowRoute(.post, "/mlflow/experiments/search", .read, reply: MLflowAPI.searchExperiments).inScope,
        MLflowRoute(.get, "/mlflow/experiments/search", .read, reply: MLflowAPI.searchExperiments).inScope,
        MLflowRoute(.get, "/mlflow/experiments/list", .read, reply: MLflowAPI.searchExperiments).inScope,
        MLflowRoute(.post, "/mlflow/experiments/update", .write, reply: MLflowAPI.updateExperiment),
        MLflowRoute(.post, "/mlflow/experiments/delete", .admin, on: .long, reply: MLflowAPI.deleteExperiment),
        MLflowRoute(.post, "/mlflow/experiments/restore", .admin, on: .long, reply: MLflowAPI.restoreExperiment),
        MLflowRoute(.post, "/mlflow/experiments/set-experiment-tag", .write, reply: MLflowAPI.setExperimentTag),
        MLflowRoute(.post, "/mlflow/experiments/delete-experiment-tag", .write, reply: MLflowAPI.deleteExperimentTag),
    ]

    /// Milliseconds since 1970.
    static func now() -> Int { MLflowJSON.milliseconds(wallClock()) }

    func createExperiment(_ call: MLflowCall) throws -> JSONObject {
        let name = try Self.experimentName(call.parameters.required("name"), "name")
        var tags = JSONObject()
        for tag in try call.parameters.objects("tags") {
            let (key, value) = (try tag.required("key"), try tag.text("value") ?? "")
            try Self.checkTag(key, value)
            tags[key] = .string(value)
        }
        let location = try call.parameters.text("artifact_location").flatMap { $0.isEmpty ? nil : $0 }
        let now = Self.now()
        let made = try experiments.change {
            try $0.add(name, artifactLocation: location.map(Self.withoutSlash), tags: tags, now: now)
        }
        return ["experiment_id": .string(made.id)]
    }

    func getExperiment(_ call: MLflowCall) throws -> JSONObject {
        ["experiment": .object(try experiment(call).json)]
    }

    func getExperimentByName(_ call: MLflowCall) throws -> JSONObject {
        let name = try call.parameters.required("experiment_name")
        guard let found = try experiments.list().named(name) else {
            throw MLflowError(.resourceDoesNotExist, "Could not find experiment with name '\(name)'")
        }
        return ["experiment": .object(found.json)]
    }

    func updateExperiment(_ call: MLflowCall) throws -> JSONObject {
        let found = try experiment(call)
        let name = try Self.experimentName(call.parameters.required("new_name"), "new_name")
        if found.isDeleted {
            throw MLflowError(
                .invalidState, "The experiment \(found.id) is deleted; restore it to rename it", status: 400)
        }
        try changeExperiment(found.id) { $0.name = name }
        return JSONObject()
    }

    func setExperimentTag(_ call: MLflowCall) throws -> JSONObject {
        let (found, key) = (try experiment(call), try call.parameters.required("key"))
        let value = try call.parameters.text("value") ?? ""
        try Self.checkTag(key, value)
        if found.isDeleted {
            throw MLflowError.invalid("The experiment \(found.id) must be in the 'active' state; it is deleted")
        }
        try changeExperiment(found.id) { $0.tags[key] = .string(value) }
        return JSONObject()
    }

    func deleteExperimentTag(_ call: MLflowCall) throws -> JSONObject {
        let (found, key) = (try experiment(call), try call.parameters.required("key"))
        if found.tags[key] == nil {
            throw MLflowError(.resourceDoesNotExist, "The experiment \(found.id) has no tag '\(key)'")
        }
        try changeExperiment(found.id) { $0.tags[key] = nil }
        return JSONObject()
    }

    // MARK: Deleting

    /// Deletes an experiment, and archives its runs. If the server or the client ended meanwhile, the next call
    /// archives the rest.
    func deleteExperiment(_ call: MLflowCall) throws -> JSONObject {
        let found = try experiment(call)
        if found.id == Experiment.defaultID {
            throw MLflowError.invalid(
                "The experiment Default has the runs of all other clients too, and cannot be deleted")
        }
        if !found.isDeleted { try changeExperiment(found.id) { $0.isDeleted = true } }
        let moved = try moveRuns(of: found.id, from: .without, .archive, call.exchange)
        if found.isDeleted, moved == 0 { throw MLflowError.unknownExperiment(found.id) }
        return JSONObject()
    }

    func restoreExperiment(_ call: MLflowCall) throws -> JSONObject {
        let found = try experiment(call)
        if !found.isDeleted { throw MLflowError.unknownExperiment(found.id) }
        _ = try moveRuns(of: found.id, from: .only, .restore, call.exchange)
        try changeExperiment(found.id) { $0.isDeleted = false }
        return JSONObject()
    }

    /// Moves all runs of an experiment.
    /// - Returns: how many
    private func moveRuns(
        of experiment: String, from place: RunQuery.Archived, _ action: RunWrite.Action, _ exchange: HTTPExchange
    ) throws -> Int {
        var moved = 0
        var query = RunQuery()
        let condition = try SearchCondition.experiments([experiment])
        query.predicate = try RunPredicate(condition)
        query.takesUnknownColumns = true
        (query.archived, query.limit) = (place, 500)
        repeat {
            try exchange.checkPresence()
            let page = try store.runs(query)
            for result in submitAndWait(page.runs.map { RunWrite(.run($0.run), action) }, exchange) {
                // Another client may have moved or removed the run in between.
                switch result {
                case .success: moved += 1
                case .failure(.unknownRun): continue
                case .failure(let error): throw error
                }
            }
            query.cursor = page.next
        } while query.cursor != nil
        return moved
    }

    // MARK: Parts

    /// The experiment that `experiment_id` names.
    private func experiment(_ call: MLflowCall) throws -> Experiment {
        let id = try call.parameters.required("experiment_id")
        guard let found = try experiments.list()[id] else { throw MLflowError.unknownExperiment(id) }
        return found
    }

    private func changeExperiment(_ id: String, _ body: (inout Experiment) -> Void) throws {
        let now = Self.now()
        try experiments.change { try $0.change(id, now: now, body) }
    }

    private static func checkTag(_ key: String, _ value: String) throws(MLflowError) {
        try MLflowName.check(key, atMost: MLflowName.longest, "The key of a tag")
        try MLflowName.check(value, atMost: 20_000, "The value of the tag '\(key)'")
    }

    private static func experimentName(_ name: String, _ parameter: String) throws(MLflowError) -> String {
        try MLflowName.check(name, atMost: 500, "'\(parameter)'")
        if MetadataName.hasControl(name) { throw .invalid("'\(parameter)' has a control character") }
        return name
    }

    private static func withoutSlash(_ location: String) -> String {
        location.hasSuffix("/") ? String(location.dropLast()) : location
    }
}
