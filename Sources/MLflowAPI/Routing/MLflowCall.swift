internal import Access
internal import HTTPServer
internal import RunMetadata

/// A request as handlers take it.
struct MLflowCall: Sendable {
    let exchange: HTTPExchange
    /// The values of the placeholders in the path.
    let values: [String]
    let parameters: MLflowParameters
}

extension MLflowCall {
    /// The run that `run_id`, or `run_uuid` of old clients, names.
    /// - Throws: also if the text cannot be a run's id, so that there is no such run; if the sender may not use it
    func run() throws -> RunID {
        var id = try parameters.text("run_id") ?? ""
        if id.isEmpty { id = try parameters.text("run_uuid") ?? "" }
        if id.isEmpty { throw MLflowError.missing("run_id") }
        return try run(named: id)
    }

    /// The run of an id that a request names in another way.
    func run(named id: String) throws -> RunID {
        guard let run = RunID(id) else { throw MLflowError.unknownRun(id) }
        try exchange.requireScope(of: run)
        exchange.subjects = [id]
        return run
    }

    /// What a path of artifacts leads to.
    func artifacts(at path: String) throws -> ArtifactPlace {
        let place = try ArtifactPlace(path)
        try exchange.requireScope(of: place.run)
        exchange.subjects = [place.run.description]
        return place
    }
}
