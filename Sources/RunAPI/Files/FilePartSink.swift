internal import HTTPServer
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Takes a part of a file, `PUT /runs/{id}/files/{path}` with `Content-Range`, and publishes the file when it is
/// complete.
///
/// The received bytes of an interrupted part are kept. A part that begins within the received bytes replaces them from
/// there on, so sending a part again does no harm; a part that begins after them is refused, and the reply says how
/// much was received.
final class FilePartSink: BodySink, @unchecked Sendable {
    // Sendable: the server calls the methods one at a time.

    private let api: RunAPI
    private let path: ArtifactPath
    private let target: RunTarget
    private let condition: FileCondition
    private let digests: UploadDigests
    /// The part; nil if the request only asks how much was received.
    private var part: UploadPart?
    /// Bytes that the body has to have, and those received.
    private let length: Int
    private var received = 0
    /// How much was received, if that was asked.
    private let progress: (received: Int, total: Int)

    /// - Throws: faults of the head
    init(api: RunAPI, target: RunTarget, path: ArtifactPath, exchange: HTTPExchange) throws {
        (self.api, self.path) = (api, path)
        // All parts of a file go to one run, even if another becomes the session's active run in between.
        let target = try api.store.resolve(target).map { .run($0) } ?? target
        self.target = target
        condition = try FileSink.condition(path, exchange)
        digests = try UploadDigests(exchange)
        guard let range = ContentRange(exchange.header("Content-Range") ?? "") else {
            throw Self.invalid("it has to be like bytes 0-1023/4096, or bytes */4096 to ask how much was received")
        }
        if try FileSink.isForm(path, exchange) {
            throw Problem(
                415, "unsupported-media-type", "Unsupported media type",
                "send a part of a file as it is, not in a form: curl -T")
        }
        let key = PartialUploads.key(target, path)
        switch range {
        case .question(let total):
            guard !exchange.isChunked, exchange.contentLength ?? 0 == 0 else {
                throw Self.invalid("bytes */\(total) asks how much was received; send it without a body")
            }
            let there = api.scratch.partialUploads.progress(of: key) ?? (0, total)
            guard there.total == total else {
                throw PartialUploads.Refusal.gap(received: there.received, total: there.total)
            }
            (length, progress) = (0, there)
            // The client did not get the reply to the last part.
            if there.received == total {
                part = try api.scratch.partialUploads.begin(key, at: total, of: total)
            }
        case .part(let bytes, let total):
            try exchange.requireBody()
            guard total <= api.settings.maxUpload else {
                throw Problem(HTTPFault.bodyTooLarge(limit: api.settings.maxUpload))
            }
            if let announced = exchange.contentLength, announced != bytes.count {
                throw Self.invalid("it has \(bytes.count) bytes, but the body has \(announced)")
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
        guard received <= length else { throw Self.invalid("it has \(length) bytes, but the body has more") }
        digests.update(content: part)
        try self.part?.write(part)
    }

    func finish(_ exchange: HTTPExchange, failure: (any Error)?) {
        do {
            if let failure { throw failure }
            guard received == length else {
                throw Self.invalid("it has \(length) bytes, but the body has \(received)")
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
            // An invalid part is discarded; of others, for example if there was no room, the received bytes are kept.
            if error is Problem { part?.withdraw() } else { part?.cut() }
            exchange.respond(api.response(for: error, exchange))
        }
        part = nil
    }

    /// The file is complete.
    private func publish(_ part: UploadPart, _ exchange: HTTPExchange) throws {
        if digests.expectsFile {
            try part.read { digests.update(file: $0) }
            do { try digests.checkFile() } catch {
                // Any part may be wrong.
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

    /// The received bytes are kept.
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
                    "stored; the file is published when it is complete. Continue with Content-Range: bytes "
                        + "\(progress.received)-\(progress.total - 1)/\(progress.total)"),
            ], headers: Problem.range(progress.received))
    }
}

extension Problem {
    /// The received bytes of an upload as `Range`; empty if there are none.
    fileprivate static func range(_ received: Int) -> [(name: String, value: String)] {
        received > 0 ? [("Range", "bytes=0-\(received - 1)")] : []
    }

    init(_ refusal: PartialUploads.Refusal) {
        switch refusal {
        case .gap(let received, let total):
            let there = total.map { "\(received) of \($0) bytes" } ?? "nothing"
            self.init(
                409, "upload-offset", "Part out of place",
                "\(there) of this upload was received, and the part does not follow; continue after that, or start again with byte 0"
            )
            headers = Self.range(received)
        case .superseded:
            self.init(
                409, "changed-meanwhile", "Changed meanwhile",
                "a later request has taken over this upload, so nothing more of this one is accepted")
        case .full(let reason):
            self.init(
                507, "too-many-uploads", "Too many uploads",
                "\(reason); finish other uploads, or send this file whole, without Content-Range")
        }
    }
}
