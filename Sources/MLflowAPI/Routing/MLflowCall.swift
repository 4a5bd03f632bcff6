internal import Access
internal import HTTPServer
internal import RunMetadata

/// A request in the form that handlers receive.
struct MLflowCall: Sendable {
    let exchange: HTTPExchange
    /// The values of the placeholders in the path.
    let values: [String]
    let parameters: MLflowParameters
}

extension MLflowCall {
    /// The run that `run_id` names, or `run_uuid` in requests of old clients.
    /// - Throws: also if the text cannot be a run id, so that no such run exists, or if the sender may not use the run
    func run() throws -> RunID {
        var id = try parameters.text("run_id") ?? ""
        if id.isEmpty { id = try parameters.text("run_uuid") ?? "" }
        if id.isEmpty { throw MLflowError.missing("run_id") }
        return try run(named: id)
    }

    /// The run of an id that a request gives elsewhere.
    func run(named id: String) throws -> RunID {
        guard let run = RunID(id) else { throw MLflowError.unknownRun(id) }
        try exchange.requireScope(of: run)
        exchange.subjects = [id]
        return run
    }

    /// The target of an artifact path.
    func artifacts(at path: String) throws -> ArtifactPlace {
        let place = try ArtifactPlace(path)
        try exchange.requireScope(of: place.run)
        exchange.subjects = [place.run.description]
        return place
    }
}
