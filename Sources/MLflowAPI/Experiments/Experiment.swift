internal import JSON

/// An experiment: a named group of runs.
struct Experiment: Sendable, Equatable {
    let id: String
    var name: String
    /// Where its runs' artifacts go; nil: to this server.
    var artifactLocation: String?
    var isDeleted = false
    /// Milliseconds since 1970.
    var created: Int
    var updated: Int
    var tags = JSONObject()

    /// The experiment of runs that do not name one.
    static let defaultID = "0"

    /// Where artifacts go.
    var artifactRoot: String { artifactLocation ?? "mlflow-artifacts:/\(id)" }

    /// The experiment in MLflow's form.
    var json: JSONObject {
        var object: JSONObject = [
            "experiment_id": .string(id), "name": .string(name), "artifact_location": .string(artifactRoot),
            "lifecycle_stage": isDeleted ? "deleted" : "active",
            "last_update_time": MLflowJSON.number(updated), "creation_time": MLflowJSON.number(created),
        ]
        if !tags.isEmpty {
            object["tags"] = MLflowJSON.pairs(tags.members.map { ($0.name, $0.value.string ?? "") })
        }
        return object
    }

    // MARK: In the document

    var stored: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "deleted": .bool(isDeleted),
            "created": MLflowJSON.number(created), "updated": MLflowJSON.number(updated), "tags": .object(tags),
        ]
        object["artifact_location"] = artifactLocation.map { .string($0) }
        return .object(object)
    }

    init(id: String, name: String, artifactLocation: String? = nil, created: Int) {
        (self.id, self.name, self.artifactLocation) = (id, name, artifactLocation)
        (self.created, updated) = (created, created)
    }

    init?(stored: JSONValue) {
        guard let id = stored["id"]?.string, let name = stored["name"]?.string else { return nil }
        (self.id, self.name) = (id, name)
        artifactLocation = stored["artifact_location"]?.string
        isDeleted = stored["deleted"]?.bool ?? false
        created = stored["created"]?.number?.int ?? 0
        updated = stored["updated"]?.number?.int ?? 0
        tags = stored["tags"]?.object ?? JSONObject()
    }
}

/// All experiments, in order of creation.
struct ExperimentList: Sendable {
    private(set) var all: [Experiment] = [Experiment(id: Experiment.defaultID, name: "Default", created: 0)]
    /// The number of the next experiment. Numbers are never reused: runs name their experiment by number.
    private var next = 1
    private var places: [String: Int] = [Experiment.defaultID: 0]
    private var names: [ExactText: Int] = [ExactText("Default"): 0]

    init() {}

    init?(stored: [UInt8]) {
        guard let object = try? JSONValue.parse(stored).object, let next = object["next"]?.number?.int,
            let list = object["experiments"]?.array
        else { return nil }
        self.next = next
        var all: [Experiment] = []
        for value in list {
            guard let experiment = Experiment(stored: value) else { return nil }
            all.append(experiment)
        }
        if !all.contains(where: { $0.id == Experiment.defaultID }) { all = self.all + all }
        self.all = all
        index()
    }

    var stored: [UInt8] {
        JSONWriter.pretty(["next": MLflowJSON.number(next), "experiments": .array(all.map(\.stored))])
    }

    subscript(id: String) -> Experiment? { places[id].map { all[$0] } }

    func named(_ name: String) -> Experiment? { names[ExactText(name)].map { all[$0] } }

    /// Adds an experiment. If the id is missing or taken, the next number is used.
    /// - Throws: if an experiment has that name already, even a deleted one
    mutating func add(
        _ name: String, id: String? = nil, artifactLocation: String? = nil, tags: JSONObject = JSONObject(), now: Int
    ) throws(MLflowError) -> Experiment {
        try requireFree(name)
        let isFree = id.map { places[$0] == nil } ?? false
        var experiment = Experiment(
            id: isFree ? id! : "\(next)", name: name, artifactLocation: artifactLocation, created: now)
        experiment.tags = tags
        all.append(experiment)
        if let number = Int(experiment.id), number < 1 << 53 { next = max(next, number + 1) }
        index()
        return experiment
    }

    /// Changes an experiment.
    /// - Throws: also if another experiment has the new name
    mutating func change(_ id: String, now: Int, _ body: (inout Experiment) -> Void) throws(MLflowError) {
        guard let place = places[id] else { throw .unknownExperiment(id) }
        var experiment = all[place]
        body(&experiment)
        if experiment.name != all[place].name { try requireFree(experiment.name) }
        experiment.updated = now
        all[place] = experiment
        index()
    }

    private func requireFree(_ name: String) throws(MLflowError) {
        guard let other = named(name) else { return }
        throw MLflowError(
            .resourceAlreadyExists,
            other.isDeleted
                ? "Experiment '\(name)' already exists in deleted state. You can restore the experiment to reuse its name."
                : "Experiment '\(name)' already exists.")
    }

    private mutating func index() {
        places = [:]
        names = [:]
        for (place, experiment) in all.enumerated() {
            places[experiment.id] = place
            names[ExactText(experiment.name)] = place
        }
    }
}
