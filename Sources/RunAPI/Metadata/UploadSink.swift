internal import HTTPServer
internal import JSON
internal import Limits
internal import LocalFiles
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// Takes the body of a type whose bodies are not held in memory: an archive, files of a form, or a small JSON document.
final class UploadSink: BodySink, @unchecked Sendable {
    // Sendable: the server calls the methods one at a time.

    private let api: RunAPI
    private let write: MetadataWrite
    private var writer: any MetadataWriter { write.writer }
    private var isFirst = true
    /// The archive, once it is known to be one.
    private var archive: StagingFile?
    /// A body that is stored unchanged, but without its content encoding.
    private var raw: StagingFile?
    private var gzip: GzipStream?
    /// The writer's work during the upload.
    private var reception: (any ArchiveReception)?
    /// The reader of a form, and what it has read.
    private var form: MultipartReader?
    /// The files of a form, one after another, with their names and offsets.
    private var spool: StagingFile?
    private var files: [(name: String, start: Int)] = []
    private var fields = HeldFields()
    /// Text: JSON, or a form from `curl -d`.
    private var text: [UInt8] = []
    private let held: Budget
    private let digests: UploadDigests?

    init(api: RunAPI, write: MetadataWrite, exchange: HTTPExchange) throws {
        self.api = api
        self.write = write
        let writer = write.writer
        held = Budget([api.heldBytes(writer)])
        digests = exchange.hasDigests ? try UploadDigests(exchange, isFile: false) : nil
        if write.body.form == .raw, write.body.isGzipped {
            gzip = try GzipStream(budget: Budget([api.uploadedBytes(writer)]))
        }
        guard write.body.form == .multipart else { return }
        form = MultipartReader(
            exchange: exchange, budget: Budget([api.uploadedBytes(writer), api.formEntries]),
            fields: Budget([api.heldBytes(writer)])
        ) { [unowned self] in try take($0) }
        if form == nil { throw MultipartReader.Failure() }
    }

    func receive(_ part: UnsafeRawBufferPointer) throws {
        digests?.update(content: part)
        digests?.update(file: part)
        do { try take(part) } catch {
            // The rest of the body may take long to arrive.
            cancel()
            throw error
        }
    }

    private func take(_ part: UnsafeRawBufferPointer) throws {
        if let form { return try form.read(part) }
        if write.body.form == .raw {
            let file = try raw ?? api.scratch.makeFile()
            raw = file
            guard let gzip else { return try file.write(part) }
            return try gzip.take(part) { try file.write($0) }
        }
        if isFirst {
            isFirst = false
            if write.body.form == .archive || (write.body.form == .form && Self.isArchive(part)) {
                let file = try api.scratch.makeFile()
                archive = file
                reception = (writer as? any ArchiveWriting)?.receive(file, beginning: Array(part.prefix(512)))
            }
        }
        if let archive {
            if let failure = reception?.failure { throw failure }
            try archive.write(part)
        } else {
            try held.take(part.count, of: .bytes)
            text += part
        }
    }

    func finish(_ exchange: HTTPExchange, failure: (any Error)?) {
        do {
            if let failure { throw failure }
            try digests?.checkContent()
            try digests?.checkFile()
            let body = try body()
            if writer is any SlowWriter {
                try api.submitSlowly(body, write, exchange)
            } else {
                let jobs = api.jobs
                let details = write.details.cancelled(by: { jobs.isStopping(for: 5) })
                api.submit(try writer.changes(from: body, for: details), write, exchange)
            }
            exchange.wakeServer()
        } catch {
            exchange.respond(api.response(for: error, exchange))
        }
        cancel()
    }

    /// Staged files remove themselves on deinit.
    func cancel() {
        archive?.end(isAbandoned: true)
        form = nil
        archive = nil
        raw = nil
        spool = nil
        files = []
        fields = HeldFields()
        text = []
    }

    private func body() throws -> MetadataBody {
        if let form {
            try form.finish()
            if !files.isEmpty, let name = fields.names.first {
                throw Problem(
                    422, "invalid-content", "Invalid content",
                    "the form has the field \"\(name.shown(atMost: 100))\" beside files, which would be lost; \(writer.type) takes "
                        + "files, or fields without files")
            }
            if !files.isEmpty || fields.isEmpty { return .files(uploadedFiles) }
            return .json(try BodyReading.json(of: fields.texts, values: values))
        }
        if write.body.form == .raw {
            try gzip?.finish()
            guard let raw, raw.size > 0 else { throw Problem.emptyBody("the body is empty; send the metadata in it") }
            return .raw(raw)
        }
        if let archive {
            archive.end()
            return .archive(archive, reception)
        }
        if write.body.isGzipped {
            text = try GzipDecoder.decode(text, budget: Budget([api.heldBytes(writer)]))
        }
        return try BodyReading.read(text, form: write.body.form, values: values, entries: api.formEntries) { _ in [] }
    }

    private var values: Limit { RunAPI.values(in: api.heldBytes(writer)) }

    /// The files of the form, each ending where the next one begins.
    private var uploadedFiles: [UploadedFile] {
        guard let spool else { return [] }
        let ends = files.dropFirst().map(\.start) + [spool.size]
        return zip(files, ends).map { UploadedFile(name: $0.name, file: spool, range: $0.start..<$1) }
    }

    private func take(_ piece: MultipartReader.Piece) throws {
        if let name = piece.fileName {
            let file = try spool ?? api.scratch.makeFile()
            spool = file
            if piece.isFirst { files.append((name, file.size)) }
            try file.write(piece.bytes)
        } else {
            fields.append(piece)
        }
    }

    /// Whether a body begins like a gzip, a zip or a tar (magic(5)): `curl --data-binary @file` declares it as a form.
    private static func isArchive(_ part: UnsafeRawBufferPointer) -> Bool {
        part.starts(with: [0x1F, 0x8B]) || part.starts(with: Array("PK".utf8))
            || part.dropFirst(257).starts(with: Array("ustar".utf8))
    }
}
