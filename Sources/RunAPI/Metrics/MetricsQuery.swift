internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata

/// What `GET /runs/{id}/metrics` asks for.
struct MetricsQuery: Hashable, Sendable {
    var format = MetricsFormat.columns
    /// The columns by name, all of them if nil.
    var columns: [ExactText]?
    /// Only rows behind that value of the axis.
    var after: MetricsAxisValue?
    /// How many rows are to stand for all, about; all of them if nil.
    var points: Int?

    /// Whether it is the frame as `metrics.json` has it.
    var isWholeFrame: Bool { self == MetricsQuery() }

    init() {}

    init(_ exchange: HTTPExchange) throws(Problem) {
        var query = try QueryParameters(exchange, names: ["columns", "after", "points", "format"])
        columns = try query.columns("columns")
        if let text = query.take("after") {
            guard let after = MetricsAxisValue(text) else {
                throw .invalidQuery(
                    "after is \"\(text.shown(atMost: 100))\"; it has to be the step or epoch of a row")
            }
            self.after = after
        }
        points = try query.number("points", in: 1...1_000_000)
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
