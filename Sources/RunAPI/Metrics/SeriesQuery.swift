internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// What `GET /series` asks for.
struct SeriesQuery {
    enum Format: String, CaseIterable, Sendable {
        case json
        case csv
    }

    /// Names as they stand in the query.
    var runs: [String] = []
    var selection = SeriesSelection()
    var format = Format.json

    /// Runs at most.
    private static let mostRuns = 1000
    private static let mostPoints = 100_000

    init(_ exchange: HTTPExchange) throws(Problem) {
        var query = try QueryParameters(exchange, names: ["runs", "metrics", "x", "from", "to", "points", "format"])
        guard let runs = query.take("runs"), !runs.isEmpty else {
            throw .invalidQuery("runs is missing; name runs as in ?runs=lr-0.1,lr-0.2")
        }
        self.runs = runs.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard self.runs.count <= Self.mostRuns else {
            throw .invalidQuery("\(self.runs.count) runs are more than the \(Self.mostRuns) that are told of at once")
        }
        selection.metrics = try query.columns("metrics")
        selection.axis = try query.choice("x")
        let (from, to) = (try query.number("from"), try query.number("to"))
        if from != nil || to != nil {
            let (least, greatest) = (from ?? -.greatestFiniteMagnitude, to ?? .greatestFiniteMagnitude)
            guard least <= greatest else {
                throw .invalidQuery("from is greater than to; name the lesser end of the axis first")
            }
            selection.range = least...greatest
        }
        if let points = try query.number("points", in: 2...Self.mostPoints) { selection.points = points }
        format = try query.choice("format") ?? Self.accepted(exchange.joinedHeader("Accept") ?? "")
    }

    /// The format that the header `Accept` prefers.
    private static func accepted(_ header: String) -> Format {
        ReplyFormat(accepted: header, among: [.json, .csv]) == .csv ? .csv : .json
    }
}
