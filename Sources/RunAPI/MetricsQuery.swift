internal import HTTPServer
internal import Limits
internal import RunMetadata

/// What `GET /runs/{id}/metrics` asks for.
struct MetricsQuery: Hashable, Sendable {
    var format = MetricsFormat.columns
    /// The columns by name, all of them if nil.
    var columns: [String]?
    /// Only rows behind that value of the axis.
    var after: MetricsAxisValue?
    /// How many rows are to stand for all, about; all of them if nil.
    var points: Int?

    /// Whether it is the frame as `metrics.json` has it.
    var isWholeFrame: Bool { self == MetricsQuery() }

    init() {}

    init(_ exchange: HTTPExchange) throws(Problem) {
        guard let query = exchange.query else {
            throw .invalidQuery("the query has a \"%\" that is not followed by two hexadecimal digits, or is not UTF-8")
        }
        if let accept = exchange.joinedHeader("Accept") { format = Self.format(accepted: accept) }
        for (name, value) in query {
            switch name {
            case "format":
                guard let format = MetricsFormat(rawValue: value) else {
                    let all = MetricsFormat.allCases.map(\.rawValue).joined(separator: ", ")
                    throw .invalidQuery("format is \"\(value.shown(atMost: 100))\"; it has to be one of \(all)")
                }
                self.format = format
            case "columns":
                let names: [String]
                do throws(RunQueryFault) { names = try RunColumnName.list(value, parameter: name).map(\.0.name) } catch
                {
                    throw Problem(error)
                }
                guard Set(names).count == names.count else {
                    throw .invalidQuery(
                        "columns is \"\(value.shown(atMost: 100))\"; it has to be names of columns, each once, parted by commas"
                    )
                }
                columns = names
            case "after":
                guard let after = MetricsAxisValue(value) else {
                    throw .invalidQuery(
                        "after is \"\(value.shown(atMost: 100))\"; it has to be the step or epoch of a row"
                    )
                }
                self.after = after
            case "points":
                guard let points = Int(value), (1...1_000_000).contains(points) else {
                    throw .invalidQuery(
                        "points is \"\(value.shown(atMost: 100))\"; it has to be a number from 1 to 1000000")
                }
                self.points = points
            default:
                throw .invalidQuery(
                    "\"\(name.shown(atMost: 100))\" is not known here; there are columns, after, points and format")
            }
        }
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
