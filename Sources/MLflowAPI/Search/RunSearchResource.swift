internal import Access
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `runs/search`.
extension MLflowAPI {
    static let searchRoutes: [MLflowRoute] = [
        MLflowRoute(.post, "/mlflow/runs/search", .read, reply: MLflowAPI.searchRuns)
    ].map(\.inScope)

    /// The most runs of a page (mlflow/store/tracking/__init__.py, SEARCH_MAX_RESULTS_THRESHOLD).
    private static let mostRuns = 50_000

    func searchRuns(_ call: MLflowCall) throws -> JSONObject {
        let parameters = call.parameters
        let ids = try parameters.texts("experiment_ids")
        if ids.isEmpty { return JSONObject() }
        var conditions = [try SearchCondition.experiments(ids)]
        if let condition = try SearchCondition.text(SearchFilter(parameters.text("filter"))) {
            conditions.append(condition)
        }
        let view = try ViewType(parameters, "run_view_type")
        // MLflow's clients cannot read a run before it is initialised.
        if view == .all { conditions.append("status != \"\(RunStatus.pending)\"") }
        var query = RunQuery()
        query.predicate = try RunPredicate(conditions.joined(separator: " & "))
        query.takesUnknownColumns = true
        query.keep(to: call.exchange.grant.scope)
        query.archived = view.archived
        query.order = try SearchCondition.order(parameters.texts("order_by"))
        query.limit = try parameters.whole("max_results") ?? 1000
        guard (1...Self.mostRuns).contains(query.limit) else {
            throw MLflowError.invalid(
                "Invalid value for request parameter max_results. It must be from 1 to \(Self.mostRuns), but got value \(query.limit)"
            )
        }
        if let token = try parameters.text("page_token"), !token.isEmpty {
            do throws(RunQueryFault) { query.cursor = try RunCursor(token, order: query.order) } catch {
                throw MLflowError.invalid(
                    "Invalid page token; use the one of the previous page, with the same order_by")
            }
        }
        let list = try experiments.list()
        let page = try store.runs(query)
        var reply = JSONObject()
        if !page.runs.isEmpty {
            reply["runs"] = .array(
                page.runs.map { listed in
                    let record = RunRecord(listed)
                    return ["info": .object(record.info(list)), "data": .object(record.data())]
                })
        }
        reply["next_page_token"] = page.next.map { .string($0.text) }
        return reply
    }
}
