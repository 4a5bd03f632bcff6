internal import HTTPServer
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Takes a part of a file, `PUT /runs/{id}/files/{path}` with `Content-Range`, and publishes the file once all of it is there.
///
/// What has come of a part that is cut off is kept. A part that begins within what is there replaces that from its beginning on, so
/// that one that is sent again does no harm; one that begins behind it is refused with what is there.
final class FilePartSink: BodySink, @unchecked Sendable {
    // Sendable: the server calls the methods one after the other.

    private let api: RunAPI
    private let path: ArtifactPath
    private let target: RunTarget
    private let condition: FileCondition
    private let digests: UploadDigests
    /// The part; nil where it is only asked what is there.
    private var part: UploadPart?
    /// Bytes that the body has to have, and has had.
    private let length: Int
    private var received = 0
    /// What is there, where that was asked.
    private let progress: (received: Int, total: Int)

    /// - Throws: what the head alone says is wrong
    init(api: RunAPI, target: RunTarget, path: ArtifactPath, exchange: HTTPExchange) throws {
        (self.api, self.path) = (api, path)
        // The parts of one file go to one run, also where another becomes the session's active one between two of them.
        let target = try api.store.resolve(target).map { .run($0) } ?? target
        self.target = target
        condition = try FileSink.condition(path, exchange)
        digests = try UploadDigests(exchange)
        guard let range = ContentRange(exchange.header("Content-Range") ?? "") else {
            throw Self.invalid("it has to be such as bytes 0-1023/4096, or bytes */4096 to ask what is there")
        }
        if try FileSink.isForm(path, exchange) {
            throw Problem(
                415, "unsupported-media-type", "Unsupported media type",
                "a part of a file is sent as it is, not in a form, as curl -T does")
        }
        let key = PartialUploads.key(target, path)
        switch range {
        case .question(let total):
            guard !exchange.isChunked, exchange.contentLength ?? 0 == 0 else {
                throw Self.invalid("bytes */\(total) asks what is there, and goes with no body")
            }
            let there = api.scratch.partialUploads.progress(of: key) ?? (0, total)
            guard there.total == total else {
                throw PartialUploads.Refusal.gap(received: there.received, total: there.total)
            }
            (length, progress) = (0, there)
            // The client never had the reply to the last part.
            if there.received == total {
                part = try api.scratch.partialUploads.begin(key, at: total, of: total)
            }
        case .part(let bytes, let total):
            try exchange.requireBody()
            guard total <= api.settings.maxUpload else {
                throw Problem(HTTPFault.bodyTooLarge(limit: api.settings.maxUpload))
            }
            if let announced = exchange.contentLength, announced != bytes.count {
                throw Self.invalid("it is of \(bytes.count) bytes, and the body has \(announced)")
            }
            (length, progress) = (bytes.count, (0, total))
            part = try api.scratch.partialUploads.begin(key, at: bytes.lowerBound, of: total)
        }
    }

    private static func invalid(_ reason: String) -> Problem {
        Problem(400, "invalid-content-range", "Invalid Content-Range", "Content-Range does not fit: \(reason)")
    }

    func receive(_ part: UnsafeRawBufferPointer) throws {
        received += part.count
        guard received <= length else { throw Self.invalid("it is of \(length) bytes, and the body has more") }
        digests.update(content: part)
        try self.part?.write(part)
    }

    func finish(_ exchange: HTTPExchange, failure: (any Error)?) {
        do {
            if let failure { throw failure }
            guard received == length else {
                throw Self.invalid("it is of \(length) bytes, and the body has \(received)")
            }
            try digests.checkContent()
            guard let part else { return exchange.respond(Self.incomplete(progress)) }
            try part.end()
            guard part.isComplete else {
                self.part = nil
                return exchange.respond(Self.incomplete(part.progress))
            }
            try publish(part, exchange)
        } catch {
            // A part that is wrong goes; one for which there was no room, say, stays as far as it came.
            if error is Problem { part?.withdraw() } else { part?.cut() }
            exchange.respond(api.response(for: error, exchange))
        }
        part = nil
    }

    /// All of the file is there.
    private func publish(_ part: UploadPart, _ exchange: HTTPExchange) throws {
        if digests.expectsFile {
            try part.read { digests.update(file: $0) }
            do { try digests.checkFile() } catch {
                // Nobody knows which part it was.
                part.drop()
                self.part = nil
                throw error
            }
        }
        let file = try part.stage(in: api.scratch)
        try file.finish()
        FileSink.publish(file, digests.made, path, of: target, if: condition, api, exchange) { isPublished in
            part.staged(file, isPublished: isPublished)
        }
    }

    /// What came is kept.
    func cancel() {
        part?.cut()
        part = nil
    }

    private static func incomplete(_ progress: (received: Int, total: Int)) -> HTTPResponse {
        .json(
            202,
            [
                "status": "incomplete", "received": .number(JSONNumber(progress.received)),
                "total": .number(JSONNumber(progress.total)),
                "detail": .string(
                    "kept safe, and seen in no run before all of it is there; go on with Content-Range: bytes "
                        + "\(progress.received)-\(progress.total - 1)/\(progress.total)"),
            ], headers: Problem.range(progress.received))
    }
}

extension Problem {
    /// What is there of an upload, as `Range` says it; nothing where nothing is.
    fileprivate static func range(_ received: Int) -> [(name: String, value: String)] {
        received > 0 ? [("Range", "bytes=0-\(received - 1)")] : []
    }

    init(_ refusal: PartialUploads.Refusal) {
        switch refusal {
        case .gap(let received, let total):
            let there = total.map { "\(received) of \($0) bytes" } ?? "nothing"
            self.init(
                409, "upload-offset", "Part does not join on",
                "of this upload there is \(there), and the part is not what follows; go on behind that, or begin anew with byte 0"
            )
            headers = Self.range(received)
        case .superseded:
            self.init(
                409, "changed-meanwhile", "Changed meanwhile",
                "a later request goes on with this upload, so that no more is taken from this one")
        case .full(let reason):
            self.init(
                507, "too-many-uploads", "Too many uploads",
                "\(reason); send the rest of those that wait, or this file whole, without Content-Range")
        }
    }
}
