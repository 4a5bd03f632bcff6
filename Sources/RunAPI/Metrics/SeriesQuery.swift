internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata

/// What `GET /series` asks for.
struct SeriesQuery {
    /// What is asked of each run.
    struct Question: Hashable, Sendable {
        /// All of them if nil.
        var metrics: [ExactText]?
        /// Each run's own if nil.
        var axis: MetricsAxis?
        /// Points of a series, about.
        var points = 500
        /// The part of the axis that is told of; all of it if nil.
        var range: ClosedRange<Double>?
        var format = Format.json
        /// The run's start, where the axis is counted from it.
        var start: Double?
    }

    enum Format: String, CaseIterable, Hashable, Sendable {
        case json
        case csv
    }

    /// Names as they stand in the query.
    var runs: [String] = []
    var question = Question()

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
        question.metrics = try query.columns("metrics")
        question.axis = try query.choice("x")
        let (from, to) = (try query.number("from"), try query.number("to"))
        if from != nil || to != nil {
            let (least, greatest) = (from ?? -.greatestFiniteMagnitude, to ?? .greatestFiniteMagnitude)
            guard least <= greatest else {
                throw .invalidQuery("from is greater than to; name the lesser end of the axis first")
            }
            question.range = least...greatest
        }
        if let points = try query.number("points", in: 2...Self.mostPoints) { question.points = points }
        question.format = try query.choice("format") ?? Self.accepted(exchange.joinedHeader("Accept") ?? "")
    }

    /// The format that the header `Accept` prefers (RFC 9110 section 12.5.1); JSON where it names none of ours.
    private static func accepted(_ header: String) -> Format {
        WeightedList(header).preferred { name in
            switch name {
            case "text/csv", "text/*": .csv
            case "application/json", "application/*", "*/*": .json
            default: nil
            }
        } ?? .json
    }
}
