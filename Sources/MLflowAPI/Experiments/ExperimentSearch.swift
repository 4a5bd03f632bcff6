internal import JSON
internal import Limits

extension Experiment: Searchable {
    func value(of key: SearchKey) throws(MLflowError) -> SearchClause.Value? {
        switch (key.entity, key.name) {
        case (.tag, let name): return tags[name]?.string.map { .text($0) }
        case (.attribute, "name"): return .text(name)
        case (.attribute, "experiment_id"): return Int(id).map { .number(Double($0)) } ?? .text(id)
        case (.attribute, "creation_time"): return .number(Double(created))
        case (.attribute, "last_update_time"): return .number(Double(updated))
        default:
            throw .invalid(
                "Invalid attribute key '\(key.name.shown(atMost: 100))'. Valid keys are 'name', 'creation_time', "
                    + "'last_update_time', and tags.<name>")
        }
    }
}

extension MLflowAPI {
    func searchExperiments(_ call: MLflowCall) throws -> JSONObject {
        let filter = try SearchFilter(call.parameters.text("filter"))
        let view = try ViewType(call.parameters, "view_type")
        var found = try experiments.list().all.filter { view.includes(isDeleted: $0.isDeleted) }.filter(filter.matches)
        let orders = try call.parameters.texts("order_by").map { try SearchOrder($0) }
        // The newest first, as in MLflow.
        found.sort { ($0.created, Int($0.id) ?? 0) > ($1.created, Int($1.id) ?? 0) }
        found = try SearchSorting.sorted(found, by: orders)
        let (page, next) = try SearchSorting.page(found, call.parameters, atMost: 50_000, default: 1000)
        var reply = JSONObject()
        if !page.isEmpty { reply["experiments"] = .array(page.map { .object($0.json) }) }
        reply["next_page_token"] = next.map { .string($0) }
        return reply
    }
}
