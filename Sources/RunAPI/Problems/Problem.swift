internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// An error as clients get it: `application/problem+json` (RFC 9457).
struct Problem: Error {
    let status: Int
    /// The last part of `type`, `/problems/<slug>`.
    let slug: String
    let title: String
    /// Says what is wrong, where, and what to do.
    let detail: String
    /// Where in the body, as a JSON pointer (RFC 6901).
    var pointer: String?
    /// Where in the body, in bytes.
    var offset: Int?
    /// What may be sent instead.
    var allowed: [String]?
    /// All causes, if there may be several.
    var reasons: [StoreHindrance]?
    /// Header fields of the reply.
    var headers: [(name: String, value: String)] = []
    var closes = false

    init(_ status: Int, _ slug: String, _ title: String, _ detail: String) {
        (self.status, self.slug, self.title, self.detail) = (status, slug, title, detail)
    }

    /// Whether the server or its disk is at fault, so that the operator should know.
    var isOurs: Bool { status >= 500 && status != 501 && status != 505 && slug != "stopping" }

    /// The most bytes of a text and entries of a list in a reply: a reply does not send back all that was sent.
    private static let longestText = 6144, longestList = 100

    /// The reply.
    func response(requestID: String) -> HTTPResponse {
        var body: JSONObject = [
            "type": .string("/problems/\(slug)"), "title": .string(title), "status": .number(JSONNumber(status)),
            // It may have untrusted names of files, and be shown by a terminal.
            "detail": .string(detail.shown(atMost: Self.longestText)),
        ]
        // Not cut: a part of a pointer would point elsewhere.
        if let pointer, pointer.utf8.count <= Self.longestText { body["pointer"] = .string(pointer) }
        if let offset { body["offset"] = .number(JSONNumber(offset)) }
        if let allowed { body["allowed"] = .array(Self.shortened(allowed).map { .string($0) }) }
        if let reasons {
            body["reasons"] = .array(
                reasons.prefix(Self.longestList).map {
                    ["reason": .string($0.name), "detail": .string($0.detail.shown(atMost: Self.longestText))]
                })
        }
        body["request_id"] = .string(requestID)
        var response = HTTPResponse(
            status: status, type: "application/problem+json", body: JSONWriter.pretty(.object(body)),
            headers: headers + [("X-Content-Type-Options", "nosniff")])
        response.closes = closes
        return response
    }

    /// The first entries of a list, as many as have room in a reply.
    private static func shortened(_ list: [String]) -> [String] {
        var room = longestText
        return Array(
            list.prefix(longestList).prefix { text in
                room -= text.utf8.count
                return room >= 0
            })
    }

    func with(_ change: (inout Problem) -> Void) -> Problem {
        var problem = self
        change(&problem)
        return problem
    }

    static func invalidName(_ detail: String) -> Problem { Problem(400, "invalid-name", "Invalid name", detail) }
    static func invalidPath(_ detail: String) -> Problem { Problem(400, "invalid-path", "Invalid path", detail) }
    static func invalidQuery(_ detail: String) -> Problem { Problem(400, "invalid-query", "Invalid query", detail) }

    static let unknownPath = Problem(
        404, "unknown-path", "Unknown path", "there is nothing at this path; GET /openapi.yaml describes all paths")

    static func emptyBody(_ detail: String) -> Problem { Problem(400, "empty-body", "Empty body", detail) }

    static func unknownRun(_ name: String) -> Problem {
        Problem(
            404, "unknown-run", "Unknown run",
            "there is no run \"\(name)\"; GET /runs lists the runs, PUT /runs/\(name) initialises it")
    }

    /// Several runs, none of which exists.
    static func unknownRuns(_ runs: [RunID]) -> Problem {
        if runs.count == 1 { return unknownRun(runs[0].description) }
        return Problem(
            404, "unknown-run", "Unknown run",
            "there are no runs \(runs.map { "\"\($0)\"" }.listed()); GET /runs lists the runs")
    }

    static let noActiveRun = Problem(
        404, "unknown-run", "Unknown run",
        "no run is active in this session; POST /runs or PUT /runs/{id} initialises one, and the header Run-Session "
            + "names another session")

    static func unsupportedMediaType(_ found: String, _ allowed: [String]) -> Problem {
        Problem(
            415, "unsupported-media-type", "Unsupported media type",
            "the content type \(found) is not accepted here; send one of: \(allowed.joined(separator: ", "))"
        ).with { $0.allowed = allowed }
    }

    static let internalFault = Problem(
        500, "internal", "Internal error", "the server has failed; its log has the cause under the request id")
}
