internal import Access
internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// A request to write metadata of a type, as its head describes it. A class, since it is passed along until the reply.
final class MetadataWrite: Sendable {
    let target: RunTarget
    let session: SessionName
    let writer: any MetadataWriter
    let body: BodyDescription
    /// What the writer may know, apart from the body.
    let details: WriteRequest
    /// The generation of the registry in which the writer was found.
    let generation: UInt64
    /// Whether the path is that of tfruns' `write_run_data()`.
    let isAlias: Bool
    /// What its requests need.
    let need: AccessNeed

    init(
        target: RunTarget, session: SessionName, writer: any MetadataWriter, body: BodyDescription,
        details: WriteRequest, generation: UInt64, isAlias: Bool
    ) {
        (self.target, self.session, self.writer, self.body) = (target, session, writer, body)
        (self.details, self.generation, self.isAlias) = (details, generation, isAlias)
        let run: String? = if case .run(let run) = target { run.description } else { nil }
        let isFrequent = writer.type == .metrics || writer.type == .output
        need = AccessNeed(
            .write, .named(run), operation: isAlias ? "writeRunData" : "writeMetadata",
            audit: isFrequent ? .sparsely(AuditSlot()) : .each)
    }

    /// Whether the writer takes the body as files.
    var isStreamed: Bool { body.form == .raw || writer.forms.contains { $0 == .archive } }

    /// The reply for an outcome.
    /// - Parameter keptFor: seconds for which what is pending is kept; nil: without limit
    func reply(to outcome: WriteOutcome, keptFor: Double?) -> HTTPResponse {
        isAlias ? deprecated(outcome, keptFor: keptFor) : Self.reply(to: outcome, session, keptFor: keptFor)
    }

    static func reply(to outcome: WriteOutcome, _ session: SessionName, keptFor: Double?) -> HTTPResponse {
        switch outcome.effect {
        case .written: .created
        case .pending: .pending(outcome, session, keptFor: keptFor)
        case .unchanged: HTTPResponse(status: 200)
        }
    }

    /// The reply at the deprecated alias for `write_run_data()`: says since when it is deprecated, and what replaces it
    /// (RFC 9745, RFC 8288).
    private func deprecated(_ outcome: WriteOutcome, keptFor: Double?) -> HTTPResponse {
        var response: HTTPResponse =
            outcome.effect == .pending ? .pending(outcome, session, keptFor: keptFor) : .created
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
    /// The reply to a stored write.
    fileprivate static let created = HTTPResponse(status: 201)

    /// The reply to a write whose run does not exist yet: says what publishes it, and how long it is kept.
    static func pending(_ outcome: WriteOutcome, _ session: SessionName, keptFor: Double?) -> HTTPResponse {
        let age =
            keptFor.map { ". It is dropped if the run is not initialised, and nothing more is sent, for \(Int($0)) s" }
            ?? ""
        let detail =
            if let run = outcome.run {
                "stored; the run \"\(run)\" is not initialised yet. PUT /runs/\(run) initialises it and publishes this"
            } else {
                "stored; no run is active in the session \"\(session.asSent)\". It becomes part of the next run that the session "
                    + "initialises (PUT /runs/{id} or POST /runs, with Run-Session: \(session.asSent))"
            }
        var body: JSONObject = ["status": "pending"]
        body["run"] = outcome.run.map { .string($0.description) }
        body["detail"] = .string(detail + age)
        return HTTPResponse(status: 202, type: "application/json", body: JSONWriter.compact(.object(body)))
    }
}
