import JSON
import TestSupport
import Testing

/// Expects a reply to be a problem of RFC 9457 with all that ERRORS.md promises of each.
/// - Returns: the problem
@discardableResult
func expectProblem(
    _ reply: HTTPClient.Reply, _ status: Int, sourceLocation: SourceLocation = #_sourceLocation
) -> JSONObject {
    let faults = reply.faultsAsProblem + (reply.status == status ? [] : ["status \(reply.status), not \(status)"])
    #expect(faults.isEmpty, "\(reply.text)", sourceLocation: sourceLocation)
    return reply.problem
}
