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
    /// - Throws: also if the text cannot be a run's id, so that there is no such run
    func run() throws(MLflowError) -> RunID {
        var id = try parameters.text("run_id") ?? ""
        if id.isEmpty { id = try parameters.text("run_uuid") ?? "" }
        if id.isEmpty { throw .missing("run_id") }
        guard let run = RunID(id) else { throw .unknownRun(id) }
        exchange.subjects = [id]
        return run
    }
}
