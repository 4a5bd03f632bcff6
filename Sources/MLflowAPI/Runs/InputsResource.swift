internal import Access
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `runs/log-inputs` and `runs/outputs`: the datasets and models that a run used and made. Each request becomes a line
/// of a log in the data directory, so that concurrent requests lose nothing.
extension MLflowAPI {
    static let inputRoutes: [MLflowRoute] = [
        MLflowRoute(.post, "/mlflow/runs/log-inputs", .write, on: .bySize, submit: MLflowAPI.logInputs),
        MLflowRoute(.post, "/mlflow/runs/outputs", .write, on: .bySize, submit: MLflowAPI.logOutputs),
        MLflowRoute(.post, "/mlflow/runs/log-model", .write, on: .quick, reply: MLflowAPI.logModel),
    ].map(\.inScope)

    private static let inputsFile = DataPath("mlflow/inputs.ndjson")!
    private static let outputsFile = DataPath("mlflow/outputs.ndjson")!

    func logInputs(_ call: MLflowCall) throws {
        let run = try call.run()
        let datasets = try call.parameters.objects("datasets", atMost: 1000)
        for input in datasets {
            guard let dataset = input.object["dataset"]?.object.map(MLflowParameters.init) else {
                throw MLflowError.missing("dataset")
            }
            for name in ["name", "digest"] { _ = try dataset.required(name) }
        }
        var line = JSONObject()
        line["datasets"] = datasets.isEmpty ? nil : .array(datasets.map { .object($0.object) })
        line["models"] = try models(call.parameters)
        append(line, to: Self.inputsFile, of: run, call)
    }

    func logOutputs(_ call: MLflowCall) throws {
        let run = try call.run()
        var line = JSONObject()
        line["models"] = try models(call.parameters)
        append(line, to: Self.outputsFile, of: run, call)
    }

    private func models(_ parameters: MLflowParameters) throws(MLflowError) -> JSONValue? {
        let models = try parameters.objects("models", atMost: 1000)
        for model in models { _ = try model.required("model_id") }
        return models.isEmpty ? nil : .array(models.map { .object($0.object) })
    }

    private func append(_ line: JSONObject, to file: DataPath, of run: RunID, _ call: MLflowCall) {
        submit(RunWrite(.run(run), .change([Self.change(line, to: file)]), needsRun: true), call.exchange)
    }

    private static func change(_ line: JSONObject, to file: DataPath) -> DataChange {
        .append(file, head: [], JSONWriter.compact(.object(line)) + [UInt8(ascii: "\n")])
    }

    /// The change that adds datasets to a run's inputs.
    static func inputs(datasets: [JSONValue]) -> DataChange {
        change(["datasets": .array(datasets)], to: inputsFile)
    }

    /// The change that adds a model to a run's outputs.
    static func output(model: String, step: Int) -> DataChange {
        change(["models": [["model_id": .string(model), "step": MLflowJSON.number(step)]]], to: outputsFile)
    }

    /// Records a model as in MLflow 2: in a tag that holds a list.
    func logModel(_ call: MLflowCall) throws -> JSONObject {
        let run = try call.run()
        let text = try call.parameters.required("model_json")
        guard let model = try? JSONValue.parse(text), model.object != nil else {
            throw MLflowError.invalid("Malformed model info. \n \(text.prefix(200)) \n is not JSON")
        }
        let name = PropertyName("mlflow.log-model.history")!
        let old = try store.properties(of: run)?.first { $0.name == name.description }?.text
        let history = (old.flatMap { try? JSONValue.parse($0).array } ?? []) + [model]
        let file = PropertyText.file(String(decoding: JSONWriter.compact(.array(history)), as: UTF8.self))
        try write(run, .change([.put(.property(name), file)]), call.exchange)
        return JSONObject()
    }

    // MARK: Reading

    /// A run's inputs; nil if it has none. A dataset that was logged again is listed once.
    func inputs(of run: RunID) throws -> JSONObject? {
        let lines = try lines(of: Self.inputsFile, run)
        var object = JSONObject()
        let datasets = Self.distinct(lines, "datasets") {
            "\($0["dataset"]?["name"] ?? .null) \($0["dataset"]?["digest"] ?? .null)"
        }
        let models = Self.distinct(lines, "models") { "\($0["model_id"] ?? .null)" }
        object["dataset_inputs"] = datasets.isEmpty ? nil : .array(datasets)
        object["model_inputs"] = models.isEmpty ? nil : .array(models)
        return object.isEmpty ? nil : object
    }

    /// The models that a run made; nil if it made none.
    func outputs(of run: RunID) throws -> JSONObject? {
        let models = Self.distinct(try lines(of: Self.outputsFile, run), "models") {
            "\($0["model_id"] ?? .null) \($0["step"] ?? .null)"
        }
        return models.isEmpty ? nil : ["model_outputs": .array(models)]
    }

    /// The objects in a log of a run.
    func lines(of file: DataPath, _ run: RunID) throws -> [JSONObject] {
        guard let bytes = try store.file(file, of: run)?.read() else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONValue.parse(Array($0)).object }
    }

    private static func distinct(_ lines: [JSONObject], _ name: String, _ key: (JSONValue) -> String) -> [JSONValue] {
        var seen: Set<String> = []
        return lines.flatMap { $0[name]?.array ?? [] }.filter { seen.insert(key($0)).inserted }
    }
}
