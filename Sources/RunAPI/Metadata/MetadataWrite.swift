internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// A request to write metadata of a type, as its head describes it. A class, since it is handed on until the request is
/// answered.
final class MetadataWrite: Sendable {
    let target: RunTarget
    let session: SessionName
    let writer: any MetadataWriter
    let body: BodyDescription
    /// What the writer may know beside the body.
    let details: WriteRequest
    /// Of the registry that the writer was found in.
    let generation: UInt64
    /// Whether it came by the path that tfruns' `write_run_data()` has.
    let isAlias: Bool

    init(
        target: RunTarget, session: SessionName, writer: any MetadataWriter, body: BodyDescription,
        details: WriteRequest, generation: UInt64, isAlias: Bool
    ) {
        (self.target, self.session, self.writer, self.body) = (target, session, writer, body)
        (self.details, self.generation, self.isAlias) = (details, generation, isAlias)
    }

    /// Whether the writer takes the body as files.
    var isStreamed: Bool { body.form == .raw || writer.forms.contains { $0 == .archive } }

    /// The reply to what came of it.
    func reply(to outcome: WriteOutcome) -> HTTPResponse {
        isAlias ? deprecated(outcome) : Self.reply(to: outcome, session)
    }

    static func reply(to outcome: WriteOutcome, _ session: SessionName) -> HTTPResponse {
        switch outcome.effect {
        case .written: .created
        case .pending: .pending(outcome, session)
        case .unchanged: HTTPResponse(status: 200)
        }
    }

    /// The reply to the deprecated alias of `write_run_data()`: says since when, and what to use (RFC 9745, RFC 8288).
    private func deprecated(_ outcome: WriteOutcome) -> HTTPResponse {
        var response: HTTPResponse = outcome.effect == .pending ? .pending(outcome, session) : .created
        let name =
            switch target {
            case .run(let run): run.description
            case .active: "active"
            }
        response.headers += [
            ("Deprecation", "@1795478400"),
            ("Link", "</runs/\(name)/metadata/\(writer.type)>; rel=\"successor-version\""),
        ]
        return response
    }
}

extension HTTPResponse {
    /// The reply to a write that has landed.
    fileprivate static let created = HTTPResponse(status: 201)

    /// The reply to a write that waits for its run: says what publishes it.
    static func pending(_ outcome: WriteOutcome, _ session: SessionName) -> HTTPResponse {
        let detail =
            if let run = outcome.run {
                "kept safe: the run \"\(run)\" has not been initialised. PUT /runs/\(run) initialises it, and publishes this"
            } else {
                "kept safe: no run is active in the session \"\(session)\". It becomes part of the next run that the session "
                    + "initialises (PUT /runs/{id} or POST /runs, with Run-Session: \(session))"
            }
        var body: JSONObject = ["status": "pending"]
        body["run"] = outcome.run.map { .string($0.description) }
        body["detail"] = .string(detail)
        return HTTPResponse(status: 202, type: "application/json", body: JSONWriter.compact(.object(body)))
    }
}
