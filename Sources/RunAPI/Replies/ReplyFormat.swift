internal import HTTPServer

/// A format of replies that the field `Accept` can ask for (RFC 9110 section 12.5.1).
enum ReplyFormat: String, CaseIterable, Sendable {
    case json
    case ndjson
    case csv

    /// The format that the client prefers among some; JSON if it names none of them.
    init(accepted field: String, among offered: [ReplyFormat] = allCases) {
        self = WeightedList(field).preferred { name in offered.first { $0.names.contains(name) } } ?? .json
    }

    /// The media types, in lower case.
    private var names: [String] {
        switch self {
        case .json: ["application/json", "application/*", "*/*"]
        case .ndjson: ["application/x-ndjson", "application/ndjson", "application/jsonl"]
        case .csv: ["text/csv", "text/*"]
        }
    }
}
