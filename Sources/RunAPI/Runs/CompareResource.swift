internal import Access
internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// `/compare`: runs side by side.
extension RunAPI {
    static let compareRoutes: [Route] = [
        Route("compareRuns", .get, "/compare", .read, query: .fields, on: .long, reply: RunAPI.compareRuns)
            .about(.inScope)
    ]

    func compareRuns(_ request: RunRequest) throws -> HTTPResponse {
        let query = try CompareQuery(request.exchange)
        let runs = try named(query.runs, request)
        var comparison = RunComparison(differing: query.differing)
        var unknown: [RunID] = []
        for run in runs {
            if let snapshot = try store.snapshot(of: run) {
                try comparison.add(snapshot, properties: try store.properties(of: run) ?? [])
            } else {
                unknown.append(run)
            }
        }
        if !unknown.isEmpty { throw Problem.unknownRuns(unknown) }
        var body = comparison.object
        if query.source { body["source"] = .array(try compareSource(runs)) }
        return .json(200, .object(body))
    }

    /// The source of the first run compared with that of each other run.
    private func compareSource(_ runs: [RunID]) throws -> [JSONValue] {
        var comparison = SourceComparison()
        let first = try sourceContents(runs[0], &comparison)
        var entries: [JSONValue] = []
        for run in runs.dropFirst() {
            var entry: JSONObject = ["run": .string(run.description), "against": .string(runs[0].description)]
            switch (first, try sourceContents(run, &comparison)) {
            case (.success(let old), .success(let new)):
                let (told, further) = comparison.files(from: old, to: new)
                entry["files"] = .array(told)
                if further > 0 {
                    entry["note"] = .string(
                        "\(further) more files differ; they are left out, since the reply is too long")
                }
            case (.failure(let fault), _): entry["note"] = .string("\(runs[0]) has a source that \(fault.reason)")
            case (_, .failure(let fault)): entry["note"] = .string("\(run) has a source that \(fault.reason)")
            }
            entries.append(.object(entry))
        }
        return entries
    }

    /// Why the source of a run is not compared.
    private struct SourceFault: Error {
        let reason: String
    }

    private func sourceContents(
        _ run: RunID, _ comparison: inout SourceComparison
    ) throws -> Result<SourceContents?, SourceFault> {
        guard let file = try store.file(.source, of: run) else { return .success(nil) }
        do {
            let jobs = jobs
            let source = try SourceContents(file, limits: comparison.limits) { jobs.isStopping(for: 5) }
            comparison.add(source)
            return .success(source)
        } catch let fault as MetadataFault {
            let reason = fault.kind == .exceeded ? "is too large to be compared" : "cannot be read"
            return .failure(SourceFault(reason: reason))
        }
    }
}

/// The query of `GET /compare`.
struct CompareQuery {
    var runs: [String] = []
    /// Whether values that are the same in all runs are left out.
    var differing = false
    /// Whether the source is compared.
    var source = true

    /// The most runs.
    private static let limit = 50

    init(_ exchange: HTTPExchange) throws(Problem) {
        var query = try QueryParameters(exchange, names: ["runs", "differing", "source"])
        if let text = query.take("runs") {
            runs = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        differing = try query.flag("differing")
        source = try query.flag("source", default: true)
        guard runs.count >= 2 else {
            throw .invalidQuery("name at least two runs to compare, as in ?runs=lr-0.1,lr-0.2")
        }
        guard runs.count <= Self.limit else {
            throw .invalidQuery("\(runs.count) runs are named; at most \(Self.limit) can be compared at once")
        }
    }
}
