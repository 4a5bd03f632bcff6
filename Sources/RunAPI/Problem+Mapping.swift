internal import HTTPServer
internal import JSON
internal import Limits
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// The one place where errors of every layer become statuses.
extension Problem {
    /// The problem for whatever was thrown.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let fault as MetadataFault: self.init(fault)
        case let error as StoreError: self.init(error)
        case let failure as WriterFailure: self.init(failure)
        case let fault as RunQueryFault: self.init(fault)
        case let failure as RequestPath.Failure: self = .invalidPath(failure.reason)
        case let failure as GzipDecoder.Failure: self.init(failure)
        case let exceeded as LimitExceeded: self.init(exceeded)
        case let exhausted as Reserve.Exhausted: self.init(exhausted)
        case let refusal as PartialUploads.Refusal: self.init(refusal)
        case is MultipartReader.Failure:
            self.init(
                400, "invalid-form", "Invalid form",
                "the body is no multipart/form-data with the boundary that its content type names, or is cut short")
        case is HTTPExchange.Abandoned: self.init(HTTPFault.abandoned)
        default: self = .internalFault
        }
    }

    init(_ fault: MetadataFault) {
        switch fault.kind {
        case .syntax(let offset):
            self.init(400, "invalid-json", "Invalid body", fault.detail)
            self.offset = offset
        case .shape(let pointer):
            self.init(422, "invalid-content", "Invalid content", fault.detail)
            self.pointer = pointer?.description
        case .exceeded: self.init(422, "invalid-content", "Invalid content", fault.detail)
        case .forbidden: self.init(403, "directory-forbidden", "Directory forbidden", fault.detail)
        case .contentType(let allowed):
            self.init(415, "unsupported-media-type", "Unsupported media type", fault.detail)
            self.allowed = allowed
        case .name: self.init(400, "invalid-name", "Invalid name", fault.detail)
        }
    }

    init(_ fault: RunQueryFault) {
        self.init(400, "invalid-query", "Invalid query", fault.detail)
        offset = fault.offset
        allowed = fault.allowed
    }

    init(_ error: StoreError) {
        switch error {
        case .unknownRun:
            self.init(404, "unknown-run", "Unknown run", "there is no such run, and nothing waits for one")
        case .refused(let fault): self.init(fault)
        case .archived(let run):
            self.init(
                409, "run-archived", "Run archived",
                "the run \"\(run)\" is archived and takes no metadata; POST /runs/\(run)/restore brings it back")
        case .notInitialised(let run):
            self.init(
                409, "run-not-initialised", "Run not initialised",
                "the run \"\(run)\" has only metadata that waits; PUT /runs/\(run) initialises it, DELETE /runs/\(run)?force=true removes it"
            )
        case .placeTaken(let run, let isArchive):
            self.init(
                409, "id-taken", "Run id taken",
                isArchive
                    ? "the archive has a run \"\(run)\" already; move one of the two by hand"
                    : "there is a run \"\(run)\" beside the one in the archive; archive that under another name by hand, or remove it"
            )
        case .notArchived(let run):
            self.init(
                409, "run-not-archived", "Run not archived",
                "the run \"\(run)\" is not archived; to remove it all the same, with everything in it, add ?force=true")
        case .noFile(let path):
            self.init(
                404, "unknown-file", "Unknown file",
                "the run has no file \"\(path)\"; GET /runs/{id}/files lists those it has, PUT writes one")
        case .conditionFailed(let path):
            self.init(
                412, "precondition-failed", "Precondition failed",
                "\"\(path)\" is not as If-Match or If-None-Match asks for; GET it and use the ETag that it has now")
        case .pathTaken(let reason): self.init(409, "path-taken", "Path taken", reason)
        case .outOfReach(let reason): self.init(403, "path-forbidden", "Path forbidden", reason)
        case .exhausted(let limit): self.init(Reserve.Exhausted(limit: limit))
        case .runIsLink(let run):
            self.init(
                403, "path-forbidden", "Path forbidden",
                "the directory of the run \"\(run)\" is a link, and links lead out of the runs directory; put the directory itself "
                    + "there (mount --bind, or cp -r), or choose another id")
        case .overloaded:
            self.init(503, "busy", "Busy", "too many writes wait for the disk; try again")
            headers = [("Retry-After", "1")]
        case .stopping:
            self.init(503, "stopping", "Shutting down", "the server is shutting down; try again")
            headers = [("Retry-After", "5")]
        case .readOnly(let reason):
            self.init(
                503, "read-only", "Read-only",
                "the disk failed (\(Self.withoutPaths(reason))); the server takes no write until it is restarted"
            )
        case .behind(let run):
            self.init(
                503, "run-behind", "Run behind",
                "the disk has had no room since the server was started to bring the run \"\(run)\" up to date; what was "
                    + "acknowledged last is safe in the journal, and is shown as soon as there is room")
            headers = [("Retry-After", "5")]
        case .diskFull(let reason):
            self.init(
                507, "disk-full", "Disk full",
                "there is no room for this write: \(Self.withoutPaths(reason)). Reads go on; writes do again once there is room"
            )
        case .shortage(let reason):
            self.init(
                503, "out-of-resources", "Out of resources",
                "the server is out of file descriptors or memory (\(Self.withoutPaths(reason))); nothing was stored. Try again"
            )
            headers = [("Retry-After", "1")]
        case .runsGone(let reason):
            self.init(503, "runs-gone", "Runs directory gone", "nothing can be stored or read: \(reason)")
            headers = [("Retry-After", "5")]
        case .endedOtherwise(let run, let reason):
            self.init(409, "run-ended", "Run ended otherwise", "the run \"\(run)\" \(reason)")
        case .nothingThere:
            self.init(404, "no-metadata", "No such metadata", "the run has nothing of that type that could be removed")
        case .frameConflict(let reason):
            self.init(
                409, "frame-conflict", "Conflict with the metrics that are there",
                "\(reason). Send ?replace=true to replace what is there, or a step or epoch of its own in each row to add to it"
            )
        case .tooManyPending(let exceeded) where exceeded.limit.quantity == .files:
            self.init(
                507, "too-many-pending", "Too many pending files",
                "\(exceeded.limit.most) files wait for the session's next run, which is the limit; initialise the run, or send "
                    + "them to its id")
        case .tooManyPending(let exceeded):
            self.init(
                507, "too-many-pending", "Too many pending runs",
                "\(exceeded.limit.most) runs and sessions wait to be initialised, which is the limit (\(exceeded.limit.setting ?? "")); "
                    + "PUT /runs/{id} initialises one, DELETE /runs/{id}?force=true removes one, and POST /runs/purge with "
                    + "pending=true removes many")
        case .failed: self = .internalFault
        case .changedMeanwhile(let path):
            self.init(
                409, "changed-meanwhile", "Changed meanwhile",
                "something else changed the run's \(path) while this was being written; send it again")
        case .query(let fault): self.init(fault)
        case .indexing(let done, let total):
            self.init(
                503, "indexing", "Index being built",
                "the listing of the runs is being built (\(done) of \(total) runs); everything else works. Try again")
            headers = [("Retry-After", "1")]
        case .tooLarge(let reason):
            self.init(
                507, "too-large", "Too large to be read so",
                "\(reason); ask for fewer columns or read the file itself, /runs/{id}/files/tfruns.d/metrics.ndjson")
        case .beingWritten(let path):
            self.init(
                503, "being-written", "Being written",
                "the run's \(path) is cut short: something else is writing it, or was ended while it did; try again, or write it anew"
            )
            headers = [("Retry-After", "1")]
        case .unreadable(let reason): self.init(409, "unreadable", "Stored file unreadable", reason)
        }
    }

    init(_ failure: WriterFailure) {
        switch failure {
        case .notStarted(let type, let reason):
            self.init(502, "writer-failed", "Writer failed", "the writer of \(type) cannot be started: \(reason)")
        case .ended(let type, let how, let lines):
            let said = lines.isEmpty ? "it said nothing on its standard error" : "its standard error ends: \(lines)"
            self.init(
                502, "writer-failed", "Writer failed", "the writer of \(type) \(how), so nothing is written; \(said)")
        case .overTime(let type, let seconds):
            self.init(
                504, "writer-timeout", "Writer over its time",
                "the writer of \(type) took longer than \(seconds) s and was ended, so nothing is written "
                    + "(\"time_limit\" in \(type).json)")
        case .overSize(let type, let reason):
            self.init(
                502, "writer-output", "Writer's output refused",
                "the writer of \(type) used too much and was ended, so nothing is written: \(reason)")
        case .output(let type, let reason):
            self.init(
                502, "writer-output", "Writer's output refused",
                "what the writer of \(type) made cannot be published, so nothing is written: \(reason)")
        case .busy:
            self.init(503, "busy", "Busy", "too many writers of custom types wait for their turn; try again")
            headers = [("Retry-After", "1")]
        case .stopping: self.init(HTTPFault.shuttingDown)
        }
    }

    init(_ fault: HTTPFault) {
        switch fault {
        case .targetTooLong(let limit):
            self.init(414, "target-too-long", "Target too long", "the request target is longer than \(limit) bytes")
        case .headTooLarge(let limit):
            self.init(431, "headers-too-large", "Headers too large", "the request's head is larger than \(limit) bytes")
        case .bodyTooLarge(let limit):
            self.init(
                413, "content-too-large", "Content too large",
                "the body is larger than \(limit) bytes, which is the limit here (--max-body, --max-upload)")
        case .tooManyFields(let limit):
            self.init(
                431, "headers-too-large", "Headers too large",
                "the request's head has more than \(limit) fields, those of the query counted too")
        case .noMemory:
            self.init(503, "busy", "Busy", "too many bodies are being read at once; try again")
            headers = [("Retry-After", "1")]
        case .unknownTransferCoding:
            self.init(
                501, "unknown-transfer-coding", "Unknown transfer coding",
                "Transfer-Encoding may be chunked and nothing else; to send a packed body, say Content-Encoding: gzip")
        case .expectationFailed:
            self.init(
                417, "expectation-failed", "Expectation failed", "Expect may ask for 100-continue and nothing else")
        case .malformed(let status): self.init(malformed: status)
        case .abandoned:
            self.init(
                503, "client-gone", "Client gone",
                "the client closed its side of the connection and its reply took long; keep it open until the reply is here"
            )
        case .shuttingDown:
            self.init(503, "stopping", "Shutting down", "the server is shutting down; try again")
            headers = [("Retry-After", "5")]
        }
        closes = true
    }

    /// What libmicrohttpd found wrong by itself, of which it tells the status alone.
    private init(malformed status: Int) {
        switch status {
        case 413:
            self.init(413, "content-too-large", "Content too large", "a chunk of the body announces more than can be")
        case 414:
            self.init(414, "target-too-long", "Target too long", "the request target is longer than the server reads")
        case 431:
            self.init(
                431, "headers-too-large", "Headers too large", "the request's head is larger than the server reads")
        case 505:
            self.init(
                505, "unsupported-version", "Unsupported HTTP version", "the server speaks HTTP/1.1 and HTTP/1.0")
        case 500...: self = .internalFault
        default:
            self.init(
                400, "malformed-request", "Malformed request",
                "the request is not HTTP/1.1 as RFC 9112 has it: a line of its head, or the size of a chunk, cannot be read"
            )
        }
    }

    init(_ failure: GzipDecoder.Failure) {
        switch failure {
        case .invalid:
            self.init(
                400, "invalid-gzip", "Invalid gzip", "the body is no sound gzip, though Content-Encoding says so")
        }
    }

    /// A body that has more than it may.
    init(_ exceeded: LimitExceeded) {
        switch exceeded.limit.quantity {
        case .depth: self.init(400, "invalid-json", "Invalid body", "the body is \(exceeded) deep")
        case .names, .columns:
            self.init(
                422, "invalid-content", "Invalid content", "the body has \(exceeded), which is the limit here")
        case .bytes, .entries, .values, .files, .patterns, .pendingRuns:
            self.init(413, "content-too-large", "Content too large", "the body is \(exceeded), which is the limit here")
        }
    }

    /// What all requests together may hold is held by others.
    init(_ exhausted: Reserve.Exhausted) {
        self.init(
            503, "busy", "Busy", "too much is being sent at once: \(LimitExceeded(exhausted.limit)) in all; try again")
        headers = [("Retry-After", "1")]
    }

    /// A failure's call and reason, without the path between them.
    static func withoutPaths(_ text: String) -> String {
        text.split(separator: " ").filter { !$0.contains("/") }.joined(separator: " ")
    }
}
