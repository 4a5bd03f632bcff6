internal import CCurl
internal import Glibc
internal import HTTPServer

/// A request to S3.
struct S3Request {
    /// The body of a request.
    enum Body {
        case none
        case bytes([UInt8])
        /// A range of an open file, and its SHA-256 in hex.
        case file(descriptor: CInt, Range<Int>, hash: String)
    }

    /// GET, HEAD, PUT, POST or DELETE.
    let method: String
    /// The key of the object; empty: the request is for the bucket.
    let key: String
    /// Sorted by name, since that is the order for signing.
    var query: [(name: String, value: String)] = []
    /// The requested bytes of the object; nil: all.
    var range: Range<Int>?
    var body = Body.none

    /// The SHA-256 of the body in hex.
    var hash: String {
        switch body {
        case .none: Self.hex(Digest.of([], .sha256))
        case .bytes(let bytes): Self.hex(Digest.of(bytes, .sha256))
        case .file(_, _, let hash): hash
        }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The head of a reply, and a short body.
struct S3Reply {
    let status: Int
    /// The `ETag`, with its quotes; empty if there is none.
    let tag: String
    /// `Content-Length`.
    let length: Int?
    let retryAfter: Double
    var body: [UInt8] = []
    /// Whether the request was sent before, with an unknown result.
    var isRepeated = false

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// A connection to S3 by libcurl, which signs the requests (AWS Signature Version 4). Handles one request at a time.
final class S3Connection: @unchecked Sendable {
    // Sendable: whoever has taken it from the pool is its only user.

    private let settings: S3Settings
    private let stream: OpaquePointer

    /// - Throws: if libcurl is missing
    init(_ settings: S3Settings) throws(S3Fault) {
        self.settings = settings
        let user = "\(settings.credentials.id):\(settings.credentials.secret)"
        var fault: UnsafePointer<CChar>?
        let made = user.withCString { user in
            "aws:amz:\(settings.region):s3".withCString { signature in
                (settings.authorities ?? "").withCString { authorities in
                    var texts = curl_settings()
                    (texts.user, texts.signature, texts.silence) = (user, signature, settings.silence)
                    if settings.authorities != nil { texts.authorities = authorities }
                    return curl_stream_make(&texts, &fault)
                }
            }
        }
        guard let made else { throw S3Fault(status: 0, message: fault.map { String(cString: $0) } ?? "libcurl failed") }
        // Released in `deinit`.
        stream = made
    }

    deinit { curl_stream_free(stream) }

    /// Sends a request, and waits for the head of the reply.
    /// - Throws: if there is no reply
    func send(_ request: S3Request) throws(S3Fault) -> S3Reply {
        // In lower case, as the signature needs.
        var headers = ["host: \(settings.host)"]
        if let token = settings.credentials.sessionToken { headers.append("x-amz-security-token: \(token)") }
        if let range = request.range { headers.append("range: bytes=\(range.lowerBound)-\(range.upperBound - 1)") }
        // Debian's libcurl signs the hash, but S3 also needs it as a header.
        headers.append("x-amz-content-sha256: \(request.hash)")
        // libcurl would add a form's content type to a POST, without signing it.
        switch request.body {
        case .bytes: headers.append("content-type: application/xml")
        case .none where request.method == "POST": headers.append("content-type: application/octet-stream")
        case .none, .file: break
        }
        let url = settings.url(request.key, request.query)
        let copies = headers.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let reply = copies.map { UnsafePointer($0) }.withUnsafeBufferPointer { headers in
            request.method.withCString { method in
                url.withCString { url in
                    var plain = curl_request()
                    (plain.method, plain.url) = (method, url)
                    (plain.headers, plain.header_count) = (headers.baseAddress, headers.count)
                    switch request.body {
                    case .none: return curl_stream_send(stream, &plain)
                    case .bytes(let bytes):
                        return bytes.withUnsafeBytes { bytes in
                            (plain.bytes, plain.size) = (bytes.baseAddress, Int64(bytes.count))
                            return curl_stream_send(stream, &plain)
                        }
                    case .file(let descriptor, let range, _):
                        plain.descriptor = descriptor
                        (plain.offset, plain.size) = (Int64(range.lowerBound), Int64(range.count))
                        return curl_stream_send(stream, &plain)
                    }
                }
            }
        }
        if let fault = Self.text(reply.fault) { throw S3Fault(status: 0, message: fault) }
        return S3Reply(
            status: reply.status, tag: Self.text(reply.tag) ?? "", length: reply.length < 0 ? nil : Int(reply.length),
            retryAfter: Double(reply.retry_after))
    }

    /// Reads the body of the reply. Only at its end, it returns fewer bytes than the buffer holds.
    /// - Throws: if the body is cut off
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(S3Fault) -> Int {
        var fault = [CChar](repeating: 0, count: 256)
        let count = curl_stream_read(stream, buffer.baseAddress, buffer.count, &fault)
        if count < 0 {
            let text = fault.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            throw S3Fault(status: 0, message: text)
        }
        return Int(count)
    }

    /// Reads the end of a body after all its bytes.
    func readEnd() {
        withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { buffer in _ = try? read(into: buffer) }
    }

    /// Ends the request, even if its reply was not read completely.
    func end() { curl_stream_end(stream) }

    /// The largest body that is held in memory, bytes. S3's own bodies are lists of at most 1000 names, or errors.
    private static let longestBody = 4 << 20

    /// Sends a request, and reads the whole reply.
    /// - Throws: also if the status is an error
    func perform(_ request: S3Request) throws(S3Fault) -> S3Reply {
        defer { end() }
        var reply = try send(request)
        var part = [UInt8](repeating: 0, count: 64 << 10)
        while reply.body.count < Self.longestBody {
            var fault: S3Fault?
            let count = part.withUnsafeMutableBytes { buffer in
                do throws(S3Fault) { return try read(into: buffer) } catch {
                    fault = error
                    return 0
                }
            }
            if let fault { throw fault }
            if count == 0 { break }
            reply.body += part[..<count]
        }
        if !reply.isSuccess { throw S3Fault(reply) }
        return reply
    }

    /// A C array of characters; nil if it is empty.
    private static func text(_ characters: some Any) -> String? {
        withUnsafeBytes(of: characters) { bytes in
            let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            return text.isEmpty ? nil : text
        }
    }
}
