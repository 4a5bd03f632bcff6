internal import JSON
internal import LocalFiles

/// Where experiments and runs of MLflow are read from: a folder of its file store, or a server.
protocol MLflowSource {
    /// All experiments, deleted ones too.
    /// - Parameter progress: called with the number of runs that are known so far
    /// - Throws: if there are no experiments, or they cannot be read
    func experiments(reportingTo progress: (Int) -> Void) throws -> [SourceExperiment]

    /// A run of an experiment.
    /// - Throws: if it is not a run, with the reason
    func run(_ name: String, of experiment: SourceExperiment, leftOut: LeftOut) throws -> SourceRun

    /// All values of a run's metrics.
    func values(of run: SourceRun, leftOut: LeftOut) throws -> [SourceValue]

    /// The files of a run, or of one of its models.
    func artifacts(at place: SourcePlace, leftOut: LeftOut) throws -> [SourceArtifact]

    /// A complete copy of an artifact.
    /// - Returns: nil if it does not exist, or is not an ordinary file
    func copy(_ artifact: SourceArtifact, in scratch: Scratch) throws -> StagingFile?
}

/// Called with a description of a part of a run that cannot be kept, such as `the artifact "a
/// b": …`.
typealias LeftOut = (String) -> Void

struct SourceExperiment {
    let id: String
    let name: String
    /// Milliseconds since 1970; nil: unknown.
    var created: Int?
    var tags = JSONObject()
    var isDeleted = false
    /// The source's names for its runs: usually their ids.
    var runs: [String] = []
    /// The folder of the experiment in a file store.
    var folder = ""
}

/// A run without its metrics and artifacts.
struct SourceRun {
    let id: String
    var name: String?
    var user: String?
    var status = MLflowStatus.running
    /// Milliseconds since 1970.
    var start: Int?
    var end: Int?
    var isDeleted = false
    var params: [(name: String, value: String)] = []
    var tags: [(name: String, value: String)] = []
    /// The names of the metrics, if the source lists them separately.
    var metrics: [String] = []
    /// The datasets that it used, in the form of `runs/log-inputs`.
    var datasets: [JSONValue] = []
    var models: [SourceModel] = []
    let place: SourcePlace
}

/// A logged model that a run made.
struct SourceModel {
    let id: String
    /// In the form in which `LoggedModel` stores it.
    var object: JSONObject
    /// The step at which the model was made.
    var step = 0
    /// The values of metrics that belong to it, in the form of `runs/log-metric`.
    var metrics: [MLflowParameters] = []
    let place: SourcePlace
}

/// Where the artifacts of a run or of a model are.
struct SourcePlace {
    /// The id of the run or model that has them; in a file store, its folder.
    let owner: String
    var isModel = false
    /// MLflow's address of the folder, such as `mlflow-artifacts:/1/abc/artifacts`.
    let uri: String
}

/// One value of a metric.
struct SourceValue {
    let key: String
    let value: JSONNumber
    /// Milliseconds since 1970.
    let time: Int
    let step: Int
}

struct SourceArtifact {
    /// Its path relative to the artifacts' folder.
    let name: String
    /// Where the source reads it: a path or an address.
    let place: String
}

/// Why something is not imported.
struct ImportRefusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
