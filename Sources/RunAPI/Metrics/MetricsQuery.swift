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
        format = try query.choice("format") ?? Self.accepted(exchange.joinedHeader("Accept") ?? "")
    }

    /// The format that the header `Accept` prefers.
    private static func accepted(_ header: String) -> MetricsFormat {
        switch ReplyFormat(accepted: header) {
        case .json: .columns
        case .ndjson: .ndjson
        case .csv: .csv
        }
    }
}
