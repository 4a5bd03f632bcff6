internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// What `GET /runs/{id}/metrics` asks for.
struct MetricsQuery: Hashable, Sendable {
    var format = MetricsFormat.columns
    var selection = MetricsSelection()

    /// Whether it is the frame as `metrics.json` has it.
    var isWholeFrame: Bool { self == MetricsQuery() }

    init() {}

    init(_ exchange: HTTPExchange) throws(Problem) {
        var query = try QueryParameters(exchange, names: ["columns", "after", "points", "format"])
        selection.columns = try query.columns("columns")
        if let text = query.take("after") {
            guard let after = MetricsAxisValue(text) else {
                throw .invalidQuery(
                    "after is \"\(text.shown(atMost: 100))\"; it has to be the step or epoch of a row")
            }
            selection.after = after
        }
        selection.points = try query.number("points", in: 1...1_000_000)
        format = try query.choice("format") ?? Self.format(accepted: exchange.joinedHeader("Accept") ?? "")
    }

    /// The format that a header `Accept` likes best among those there are (RFC 9110 section 12.5.1).
    static func format(accepted: String) -> MetricsFormat {
        WeightedList(accepted).preferred { name in
            switch name {
            case "application/json", "application/*", "*/*": .columns
            case "application/x-ndjson", "application/ndjson", "application/jsonl": .ndjson
            case "text/csv", "text/*": .csv
            default: nil
            }
        } ?? .columns
    }
}
