internal import Access
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `GET /runs` and `/columns`.
extension RunAPI {
    static let listingRoutes: [Route] = [
        Route("listRuns", .get, "/runs", .read, query: .fields, reply: RunAPI.listRuns).about(.inScope),
        Route("listColumns", .get, "/columns", .read, reply: RunAPI.listColumns).about(.inScope),
    ]

    func listRuns(_ request: RunRequest) throws -> HTTPResponse {
        let asked = try RunListQuery(request.exchange)
        let page = try store.runs(try limited(asked.query, to: request.grant.scope))
        var headers: [(name: String, value: String)] = [("Vary", "Accept")]
        if let next = page.next {
            let parameters = asked.repeated + [("cursor", next.text)]
            let query = parameters.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
            headers.append(("Link", "</runs?\(query)>; rel=\"next\""))
        }
        let columns = asked.query.columns.map(\.name)
        let runs = page.runs.map { represent($0, columns: columns) }
        switch asked.format {
        case .json:
            var body: JSONObject = ["runs": .array(runs.map { .object($0) }), "count": .number(JSONNumber(page.count))]
            body["next"] = page.next.map { .string($0.text) }
            return .json(200, .object(body), headers: headers)
        case .ndjson:
            var body: [UInt8] = []
            for run in runs { body += JSONWriter.compact(.object(run)) + [UInt8(ascii: "\n")] }
            return HTTPResponse(status: 200, type: "application/x-ndjson", body: body, headers: headers)
        case .csv:
            let table = RunTable(columns: columns, runs: runs)
            return HTTPResponse(status: 200, type: "text/csv; charset=utf-8", body: table.csv, headers: headers)
        }
    }

    /// The columns that conditions, orders and lists of columns can name.
    func listColumns(_ request: RunRequest) throws -> HTTPResponse {
        let scope = request.grant.scope
        let columns = try scope.isLimited ? columns(in: scope) : store.columns()
        return .json(200, ["columns": .array(columns.sorted().map { .string($0.text) })])
    }

    /// A query among the runs of a scope only.
    /// - Throws: if it names a column that none of these has, even if another run has it
    func limited(_ query: RunQuery, to scope: RunScope) throws -> RunQuery {
        guard scope.isLimited else { return query }
        var query = query
        query.keep(to: scope)
        // Most columns may be named at any time, so this is seldom looked up.
        if query.unknown(isKnown: { _ in false }) != nil {
            let known = try columns(in: scope)
            if let unknown = query.unknown(isKnown: { known.contains(ExactText($0)) }) {
                throw RunQueryFault(unknown.parameter, unknown: unknown.names, known: known.map(\.text))
            }
        }
        return query
    }

    /// The columns that the runs of a scope have.
    private func columns(in scope: RunScope) throws -> Set<ExactText> {
        var found = Set(RunQuery.standardColumns.map { ExactText($0) })
        var query = RunQuery()
        (query.archived, query.limit) = (.included, 1000)
        query.keep(to: scope)
        while true {
            let page = try store.runs(query)
            for name in page.runs.lazy.flatMap(\.columns.names) {
                found.insert(ExactText(name))
                guard name.hasPrefix("metric_") else { continue }
                for extreme in ["min_", "max_"] { found.insert(ExactText(extreme + name.dropFirst("metric_".count))) }
            }
            guard let next = page.next else { return found }
            query.cursor = next
        }
    }

    /// A run in a listing: all columns, its status, when it was last written to, and links; or the requested columns.
    private func represent(_ listed: ListedRun, columns: [String]) -> JSONObject {
        var run = listed.columns
        run["status"] = .string(listed.status.rawValue)
        run["updated"] = .number(JSONNumber(listed.updated))
        run["links"] = Self.links(of: listed.run)
        if columns.isEmpty { return run }
        return JSONObject(columns.compactMap { name in run[name].map { (name, $0) } })
    }
}
