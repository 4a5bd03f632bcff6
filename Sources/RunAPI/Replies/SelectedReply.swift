internal import Glibc
internal import HTTPServer

/// Selects the representation of a reply to GET or HEAD: compressed, uncompressed, or none if the client already has it
/// (RFC 9110 sections 8.8.3, 12.5.3 and 13).
///
/// Every reply to GET goes through here. JSON and text are compressed if the client accepts gzip. If there is an entity
/// tag, it is compared with the client's: a tag that the handler set, from a known revision, or the digest of a body in
/// memory. Files of runs are an exception (`FileReply`): they are sent as they are stored.
struct SelectedReply {
    /// Smaller bodies are not compressed: they take one network packet anyway.
    static let smallestPacked = 1024
    /// Larger files are compressed while they are sent.
    private static let largestHeld = 4 << 20

    private let coding: HTTPExchange.Coding
    private let ifMatch: String?
    private let ifNoneMatch: String?

    /// Reads the head of a request.
    init(_ exchange: HTTPExchange) {
        coding = exchange.acceptedCoding
        ifMatch = exchange.joinedHeader("If-Match")
        ifNoneMatch = exchange.joinedHeader("If-None-Match")
    }

    /// The reply to send. Takes over the resources of the body.
    func response(_ response: HTTPResponse) throws -> HTTPResponse {
        guard response.status == 200, response["Accept-Ranges"] == nil else { return response }
        var response = response
        let isPacked = selectCoding(&response)
        guard let tag = Self.tag(of: response) else { return isPacked ? try Self.packed(response) : response }
        // The compressed form has other bytes, so another tag.
        let opaque = tag.opaque + (isPacked ? "-gzip" : "")
        response["ETag"] = (tag.isWeak ? "W/" : "") + "\"\(opaque)\""
        if response["Cache-Control"] == nil { response["Cache-Control"] = "no-cache" }
        if let ifMatch, !Self.matches(ifMatch, opaque, isWeak: tag.isWeak) {
            response.drop()
            throw Problem(
                412, "precondition-failed", "Precondition failed",
                "the resource does not meet If-Match; GET it and use its present ETag")
        }
        if let ifNoneMatch, EntityTags(ifNoneMatch)?.matches(opaque, strongly: false) == true {
            return (isPacked ? try Self.packed(response) : response).notModified
        }
        return isPacked ? try Self.packed(response) : response
    }

    /// Whether `If-Match` names the tag; a weak tag never matches.
    private static func matches(_ ifMatch: String, _ opaque: String, isWeak: Bool) -> Bool {
        guard let tags = EntityTags(ifMatch) else { return false }
        return isWeak ? tags == .any : tags.matches(opaque, strongly: true)
    }

    /// Whether to compress the body. Adds `Vary` in either case.
    private func selectCoding(_ response: inout HTTPResponse) -> Bool {
        guard response["Content-Encoding"] == nil, MediaType.isText(response["Content-Type"] ?? "") else {
            return false
        }
        if case .stream(let stream) = response.body, !stream.hasSource { return false }
        response["Vary"] = (response["Vary"].map { $0 + ", " } ?? "") + "Accept-Encoding"
        switch coding {
        case .identity: return false
        case .gzipOnly: return true
        case .gzip:
            switch response.body {
            case .empty: return false
            case .bytes(let bytes): return bytes.count >= Self.smallestPacked
            case .file(_, let size, _): return size >= Self.smallestPacked
            case .stream: return true
            }
        }
    }

    /// The tag of the uncompressed body; nil if it has none and making one would require reading all of it.
    private static func tag(of response: HTTPResponse) -> EntityTags.Tag? {
        if let given = response["ETag"] {
            guard case .tags(let tags) = EntityTags(given) else { return nil }
            return tags.first
        }
        guard case .bytes(let bytes) = response.body else { return nil }
        let digest = Digest.of(bytes, .sha256).prefix(16)
        return EntityTags.Tag(opaque: digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
    }

    private static func packed(_ response: HTTPResponse) throws -> HTTPResponse {
        var response = response
        response["Content-Encoding"] = "gzip"
        switch response.body {
        case .empty: response.body = .bytes(try GzipEncoder.encode([]))
        case .bytes(let bytes): response.body = .bytes(try GzipEncoder.encode(bytes))
        case .stream(let stream): try stream.packSource()
        case .file(let descriptor, let size, let offset):
            let file = FileSource(descriptor: descriptor, range: offset..<offset + size)
            if size <= largestHeld {
                response.body = .bytes(try GzipEncoder.encode(try file.read(size) ?? []))
            } else {
                response.body = .stream(ResponseStream(source: try GzipEncoder.encode { try file.next() }))
            }
        }
        return response
    }
}

/// A part of a file, read piece by piece; closes the file on deinit.
private final class FileSource: @unchecked Sendable {
    // Sendable: a stream reads its source one part at a time.
    private let descriptor: Int32
    private var rest: Range<Int>

    /// The file was truncated meanwhile, or cannot be read.
    private struct Failure: Error {
        let errno: Int32
    }

    init(descriptor: Int32, range: Range<Int>) { (self.descriptor, rest) = (descriptor, range) }

    deinit { close(descriptor) }

    /// The next piece (pread(2)); nil at the end.
    func next() throws -> [UInt8]? { try read(256 << 10) }

    func read(_ most: Int) throws -> [UInt8]? {
        var failure: Failure?
        let piece = [UInt8](unsafeUninitializedCapacity: min(most, rest.count)) { buffer, count in
            while count < buffer.count {
                let read = pread(
                    descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(rest.lowerBound + count))
                if read > 0 {
                    count += read
                } else if read == 0 || errno != EINTR {
                    failure = Failure(errno: read == 0 ? 0 : errno)
                    return
                }
            }
        }
        if let failure { throw failure }
        rest = rest.lowerBound + piece.count..<rest.upperBound
        return piece.isEmpty ? nil : piece
    }
}

extension HTTPResponse {
    /// A header field's value, the first one of that name.
    subscript(name: String) -> String? {
        get { headers.first { $0.name == name }?.value }
        set {
            headers.removeAll { $0.name == name }
            if let newValue { headers.append((name, newValue)) }
        }
    }

    /// The reply to a client that already has this one: without the body, but with its length (RFC 9110 section 8.6).
    var notModified: HTTPResponse {
        let kept = ["ETag", "Vary", "Cache-Control", "Last-Modified"]
        var response = self
        response.status = 304
        response.headers = headers.filter { kept.contains($0.name) }
        return response
    }

    /// Discards the body, which is not sent.
    fileprivate mutating func drop() {
        if case .file(let descriptor, _, _) = body { close(descriptor) }
        body = .empty
    }
}
