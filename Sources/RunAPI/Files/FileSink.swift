internal import HTTPServer
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Writes the body of `PUT /runs/{id}/files/{path}`, or the one file in its form, to a staging file, and publishes it.
final class FileSink: BodySink, @unchecked Sendable {
    // Sendable: the server calls the methods one at a time.

    private let api: RunAPI
    private let target: RunTarget
    private let path: ArtifactPath
    private let condition: FileCondition
    private let digests: UploadDigests
    private var form: FormFile?
    private var file: StagingFile?

    /// - Throws: faults of the head
    init(api: RunAPI, target: RunTarget, path: ArtifactPath, exchange: HTTPExchange) throws {
        (self.api, self.target, self.path) = (api, target, path)
        condition = try Self.condition(path, exchange)
        digests = try UploadDigests(exchange)
        try exchange.requireBody(canBeEmpty: true)
        if try Self.isForm(path, exchange) {
            let limit = Limit(.bytes, most: api.settings.maxUpload, setting: "--max-upload")
            form = try FormFile(exchange, bytes: limit) { [unowned self] in try store($0) }
        }
    }

    /// Whether the file is sent in a form.
    /// - Throws: a problem if the content type or encoding is not accepted
    static func isForm(_ path: ArtifactPath, _ exchange: HTTPExchange) throws -> Bool {
        if let coding = exchange.header("Content-Encoding"), coding.lowercased() != "identity" {
            throw Problem(
                415, "unsupported-media-type", "Unsupported content encoding",
                "a file is stored as it is sent, so send it without Content-Encoding; to store it compressed, send it as \(path).gz"
            )
        }
        switch exchange.headerBytes("Content-Type").map(MediaType.essence) ?? "" {
        case "multipart/form-data": return true
        case "application/x-www-form-urlencoded":
            throw Problem(
                415, "unsupported-media-type", "Unsupported media type",
                "the content type is that of a form, the default of curl -d, which also removes line breaks; send the "
                    + "file as it is: curl -T \(path.components.last ?? "file"), or another content type, such as "
                    + "application/octet-stream")
        default: return false
        }
    }

    /// The head's condition on the file to be changed (RFC 9110 section 13).
    /// - Throws: also for metadata, which is not changed here
    static func condition(_ path: ArtifactPath, _ exchange: HTTPExchange) throws -> FileCondition {
        if path.isMetadata {
            throw Problem(
                StoreError.outOfReach(
                    "\"\(path)\" is metadata, which can only be read here; write it at /runs/{id}/metadata/{type}"))
        }
        let ifMatch = try tags(exchange.header("If-Match"), "If-Match")
        let ifNoneMatch = try tags(exchange.header("If-None-Match"), "If-None-Match")
        return { current in
            if let ifMatch, !ifMatch.matches(current?.text, strongly: true) { return false }
            if let ifNoneMatch, ifNoneMatch.matches(current?.text, strongly: false) { return false }
            return true
        }
    }

    private static func tags(_ value: String?, _ name: String) throws -> EntityTags? {
        guard let value else { return nil }
        guard let tags = EntityTags(value) else {
            throw Problem(
                400, "invalid-condition", "Invalid condition",
                "\(name) is \(value); it has to be * or the ETag of a reply, unchanged, with its quotes")
        }
        return tags
    }

    func receive(_ part: UnsafeRawBufferPointer) throws {
        digests.update(content: part)
        if let form { try form.read(part) } else { try store(part) }
    }

    private func store(_ piece: UnsafeRawBufferPointer) throws {
        if file == nil { file = try api.scratch.makeFile() }
        digests.update(file: piece)
        try file?.write(piece)
    }

    func finish(_ exchange: HTTPExchange, failure: (any Error)?) {
        defer { cancel() }
        do {
            if let failure { throw failure }
            try form?.finish()
            try digests.checkContent()
            try digests.checkFile()
            let file = try file ?? api.scratch.makeFile()
            try file.finish()
            Self.publish(file, digests.made, path, of: target, if: condition, api, exchange)
        } catch {
            exchange.respond(api.response(for: error, exchange))
        }
    }

    /// The staged file removes itself on deinit.
    func cancel() {
        form = nil
        file = nil
    }

    /// Lets the store publish a staged file, and replies.
    /// - Parameters:
    ///   - digests: the known digests of the file
    ///   - done: called with whether it was published, on a worker, before the reply
    static func publish(
        _ file: StagingFile, _ digests: FileDigests.Values, _ path: ArtifactPath, of target: RunTarget,
        if condition: @escaping FileCondition, _ api: RunAPI, _ exchange: HTTPExchange,
        done: (@Sendable (Bool) -> Void)? = nil
    ) {
        let write = RunWrite(
            target, .change([.artifact(file, path, if: condition)]), sender: api.sender(of: exchange))
        api.store.submit(write) { result in
            exchange.note(result, of: target)
            if let version = (try? result.get())?.version { api.digests.note(digests, of: version) }
            let keptFor = api.pendingAge
            guard let done else { return api.answer(exchange) { reply(try result.get(), path, keptFor: keptFor) } }
            exchange.onWorker(.quick) {
                done((try? result.get()) != nil)
                api.answer(exchange) { reply(try result.get(), path, keptFor: keptFor) }
            }
        }
        exchange.wakeServer()
    }

    private static func reply(_ outcome: WriteOutcome, _ path: ArtifactPath, keptFor: Double?) -> HTTPResponse {
        let age =
            keptFor.map { "; it is dropped if that does not happen, and nothing more is sent, for \(Int($0)) s" } ?? ""
        let tag = outcome.version.map { [(name: "ETag", value: "\"\($0.text)\"")] } ?? []
        switch outcome.effect {
        case .pending:
            return .json(
                202,
                [
                    "status": "pending",
                    "detail": .string(
                        "stored; it is published when the run is initialised (PUT /runs/{id}, POST /runs)\(age)"),
                ], headers: tag)
        case .written, .unchanged:
            if outcome.replaced { return HTTPResponse(status: 204, headers: tag) }
            let place = outcome.run.map { [(name: "Location", value: RunAPI.href($0, path))] } ?? []
            return HTTPResponse(status: 201, headers: tag + place)
        }
    }
}
