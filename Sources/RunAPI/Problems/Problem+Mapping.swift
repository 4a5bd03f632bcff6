internal import Access
internal import HTTPServer
internal import JSON
internal import Limits
internal import LocalFiles
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// The one place where errors of all layers are mapped to statuses.
extension Problem {
    /// The problem for any error.
    init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let fault as MetadataFault: self.init(fault)
        case let error as StoreError: self.init(error)
        case let error as ScratchError: self.init(StoreError(error))
        case let failure as WriterFailure: self.init(failure)
        case let fault as RunQueryFault: self.init(fault)
        case let fault as HTTPFault: self.init(fault)
        case let refusal as AccessRefusal: self.init(refusal)
        case let failure as RequestPath.Failure: self = .invalidPath(failure.reason)
        case let failure as GzipDecoder.Failure: self.init(failure)
        case let exceeded as LimitExceeded: self.init(exceeded)
        case let exhausted as Reserve.Exhausted: self.init(exhausted)
        case let refusal as PartialUploads.Refusal: self.init(refusal)
        case is MultipartReader.Failure:
            self.init(
                400, "invalid-form", "Invalid form",
                "the body is not multipart/form-data with the boundary of its content type, or is truncated")
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

    init(_ failure: WriterFailure) {
        switch failure {
        case .notStarted(let type, let reason):
            self.init(502, "writer-failed", "Writer failed", "the writer of \(type) cannot be started: \(reason)")
        case .ended(let type, let how, let lines):
            let said = lines.isEmpty ? "its standard error is empty" : "its standard error ends: \(lines)"
            self.init(
                502, "writer-failed", "Writer failed", "the writer of \(type) \(how), so nothing was stored; \(said)")
        case .overTime(let type, let seconds):
            self.init(
                504, "writer-timeout", "Writer timed out",
                "the writer of \(type) took longer than \(seconds) s and was killed, so nothing was stored "
                    + "(\"time_limit\" in \(type).json)")
        case .overSize(let type, let reason):
            self.init(
                502, "writer-output", "Writer's output refused",
                "the writer of \(type) exceeded a limit and was killed, so nothing was stored: \(reason)")
        case .output(let type, let reason):
            self.init(
                502, "writer-output", "Writer's output refused",
                "the output of the writer of \(type) cannot be published, so nothing was stored: \(reason)")
        case .busy:
            self.init(503, "busy", "Busy", "too many writers of custom types are waiting; try again")
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
                "the body is larger than \(limit) bytes, which is the limit here (--max-body, --max-upload, --max-run-bytes)"
            )
        case .tooManyFields(let limit):
            self.init(
                431, "headers-too-large", "Headers too large",
                "the request's head has more than \(limit) fields, including those of the query")
        case .noMemory:
            self.init(503, "busy", "Busy", "too many bodies are being read at once; try again")
            headers = [("Retry-After", "1")]
        case .unknownTransferCoding:
            self.init(
                501, "unknown-transfer-coding", "Unknown transfer coding",
                "Transfer-Encoding may only be chunked; to send a compressed body, use Content-Encoding: gzip")
        case .expectationFailed:
            self.init(
                417, "expectation-failed", "Expectation failed", "Expect may only be 100-continue")
        case .framing(let fault): self.init(fault)
        case .malformed(let status): self.init(malformed: status)
        case .tooManyConnections:
            self.init(
                503, "busy", "Busy",
                "there are as many connections as the server takes, in all or from one address (--max-connections, "
                    + "--max-connections-per-address); close those that are idle, and try again"
            )
            headers = [("Retry-After", "1")]
        case .notEncrypted:
            self.init(
                400, "tls-required", "TLS required",
                "the server speaks HTTPS on this port, and got a plain HTTP request; begin the address with https://")
        case .abandoned:
            self.init(
                503, "client-gone", "Client gone",
                "the client closed its side of the connection before the reply; keep it open until the reply has arrived"
            )
        case .shuttingDown:
            self.init(503, "stopping", "Shutting down", "the server is shutting down; try again")
            headers = [("Retry-After", "5")]
        }
        closes = true
    }

    /// A request that is not framed as HTTP/1.1 says.
    private init(_ fault: FramingFault) {
        switch fault {
        case .noHost, .hosts:
            self.init(
                400, "invalid-host", "Invalid Host",
                "\(fault.rawValue); send one Host field with the server's name or address, such as localhost:7117")
        case .version: self.init(505, "unsupported-version", "Unsupported HTTP version", fault.rawValue)
        case .lengthTooLarge, .chunkTooLarge:
            self.init(413, "content-too-large", "Content too large", fault.rawValue)
        default: self.init(400, "malformed-request", "Malformed request", "\(fault.rawValue) (RFC 9112)")
        }
    }

    /// A fault that libmicrohttpd found itself; it reports only the status.
    private init(malformed status: Int) {
        switch status {
        case 413:
            self.init(413, "content-too-large", "Content too large", "a chunk of the body announces too large a size")
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
                "the request is not HTTP/1.1 (RFC 9112): a line of its head, or the size of a chunk, is malformed"
            )
        }
    }

    init(_ failure: GzipDecoder.Failure) {
        switch failure {
        case .invalid:
            self.init(
                400, "invalid-gzip", "Invalid gzip", "Content-Encoding is gzip, but the body is not valid gzip")
        }
    }

    /// A body that exceeds a limit.
    init(_ exceeded: LimitExceeded) {
        switch exceeded.limit.quantity {
        case .depth: self.init(400, "invalid-json", "Invalid body", "the body is \(exceeded) deep")
        case .names, .columns:
            self.init(
                422, "invalid-content", "Invalid content", "the body has \(exceeded), which is the limit here")
        case .bytes, .entries, .values, .files, .patterns, .pendingRuns, .pendingOfSender, .runs,
            .readers:
            self.init(413, "content-too-large", "Content too large", "the body is \(exceeded), which is the limit here")
        }
    }

    /// Other requests hold all of a shared resource.
    init(_ exhausted: Reserve.Exhausted) {
        if exhausted.limit.quantity == .readers {
            self.init(
                503, "busy", "Busy",
                "events have \(exhausted.limit.most) readers, which is the limit (\(exhausted.limit.setting ?? "")); end some, or try again"
            )
            headers = [("Retry-After", "5")]
            return
        }
        self.init(
            503, "busy", "Busy", "too much is being sent at once: \(LimitExceeded(exhausted.limit)) in all; try again")
        headers = [("Retry-After", "1")]
    }

    /// A failure's call and reason, without its path.
    static func withoutPaths(_ text: String) -> String {
        text.split(separator: " ").filter { !$0.contains("/") }.joined(separator: " ")
    }
}
