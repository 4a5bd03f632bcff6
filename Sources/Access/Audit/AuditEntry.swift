package import JSON

/// Who did what to which run: a line of the audit log.
package struct AuditEntry: Sendable {
    /// Seconds since 1970 of the reply.
    package var time: Double
    /// The operation, as in openapi.yaml: `writeFlags` is `writeMetadata` here. Empty: the request was refused.
    package var operation: String
    package var method = ""
    /// The path as it was sent, without the query.
    package var path = ""
    /// The run; several if many were changed.
    package var runs: [String] = []
    /// The name and id of the token; nil: none was needed.
    package var token: (name: String, id: String)?
    /// The client's address, `unix` for a local socket; empty: the command line.
    package var address = ""
    /// The user of the command line, if it made the change.
    package var user: String?
    /// The status of the reply; 0: the client disconnected before.
    package var status = 0
    package var requestID = ""
    /// The number of entries before this one that could not be written.
    package var lost = 0

    package init(time: Double, operation: String) { (self.time, self.operation) = (time, operation) }

    private static let longestPath = 512, mostRuns = 1000

    /// The line, without a newline.
    package var json: JSONObject {
        var object: JSONObject = ["time": .string(UTCTime.text(time))]
        object["token"] = token.map { .string($0.name) } ?? .null
        if let token { object["token_id"] = .string(token.id) }
        if let user { object["user"] = .string(user) }
        if !address.isEmpty { object["address"] = .string(address) }
        if !operation.isEmpty { object["operation"] = .string(operation) }
        if !method.isEmpty { object["method"] = .string(method) }
        if !path.isEmpty {
            object["path"] = .string(String(decoding: path.utf8.prefix(Self.longestPath), as: UTF8.self))
        }
        if runs.count == 1 {
            object["run"] = .string(runs[0])
        } else if !runs.isEmpty {
            object["runs"] = .array(runs.prefix(Self.mostRuns).map { .string($0) })
            if runs.count > Self.mostRuns { object["further_runs"] = .number(JSONNumber(runs.count - Self.mostRuns)) }
        }
        if status > 0 { object["status"] = .number(JSONNumber(status)) }
        if !requestID.isEmpty { object["request_id"] = .string(requestID) }
        if lost > 0 { object["lost"] = .number(JSONNumber(lost)) }
        return object
    }
}
