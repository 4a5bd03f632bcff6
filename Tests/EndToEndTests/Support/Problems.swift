import JSON
import TestSupport
import Testing

/// Expects a reply to be a problem of RFC 9457 with all that ERRORS.md promises of each.
/// - Returns: the problem
@discardableResult
func expectProblem(
    _ reply: HTTPClient.Reply, _ status: Int, sourceLocation: SourceLocation = #_sourceLocation
) -> JSONObject {
    let problem = (try? JSONValue.parse(reply.body))?.object ?? JSONObject()
    var faults: [String] = []
    if reply.status != status { faults.append("status \(reply.status), not \(status)") }
    if reply.headers["content-type"] != "application/problem+json" {
        faults.append("content type \(reply.headers["content-type"] ?? "missing")")
    }
    for name in ["type", "title", "detail", "request_id"] where problem[name]?.string?.isEmpty != false {
        faults.append("no \(name)")
    }
    if problem["type"]?.string?.hasPrefix("/problems/") != true { faults.append("a type of another kind") }
    if problem["status"]?.number?.int != reply.status { faults.append("another status in the body") }
    #expect(faults.isEmpty, "\(reply.text)", sourceLocation: sourceLocation)
    return problem
}
