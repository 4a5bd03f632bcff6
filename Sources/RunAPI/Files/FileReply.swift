internal import HTTPServer
internal import RunMetadata
internal import RunStore

/// The reply with a file: all of it, a part, or that it has not changed (RFC 9110 sections 13 and 14).
struct FileReply {
    /// The header fields that decide.
    private let ifMatch: String?
    private let ifNoneMatch: String?
    private let ifModifiedSince: String?
    private let ifUnmodifiedSince: String?
    private let ifRange: String?
    private let range: String?
    private let wanted: WantedDigests
    private let digests: FileDigests
    private let check: @Sendable () throws -> Void

    /// Reads the head of a request.
    init(_ exchange: HTTPExchange, _ digests: FileDigests) {
        self.digests = digests
        wanted = WantedDigests(exchange)
        check = { try exchange.checkPresence() }
        ifMatch = exchange.header("If-Match")
        ifNoneMatch = exchange.header("If-None-Match")
        ifModifiedSince = exchange.header("If-Modified-Since")
        ifUnmodifiedSince = exchange.header("If-Unmodified-Since")
        ifRange = exchange.header("If-Range")
        range = exchange.method == .get ? exchange.header("Range") : nil
    }

    /// The reply with the file.
    func response(_ path: ArtifactPath, _ file: any Blob) throws -> HTTPResponse {
        let tag = file.version.text
        let modified = Int(file.modified.rounded(.down))
        let headers = Self.headers(path, tag: tag, modified: modified)
        // In the order of RFC 9110 section 13.2.2.
        if let ifMatch {
            guard EntityTags(ifMatch)?.matches(tag, strongly: true) == true else {
                throw Problem(StoreError.conditionFailed(path))
            }
        } else if let date = ifUnmodifiedSince.flatMap(HTTPDate.seconds), modified > date {
            throw Problem(StoreError.conditionFailed(path))
        }
        let isKnown =
            ifNoneMatch.map { EntityTags($0)?.matches(tag, strongly: false) == true }
            ?? ifModifiedSince.flatMap(HTTPDate.seconds).map { modified <= $0 } ?? false
        if isKnown {
            return HTTPResponse(
                status: 200, headers: headers, body: try .blob(file)
            ).notModified
        }
        switch part(of: file, tag: tag, modified: modified) {
        case .whole:
            try file.checkContent()
            let digests = try digestFields(of: file, isWhole: true)
            return HTTPResponse(
                status: 200, headers: headers + digests, body: try .blob(file))
        case .part(let range):
            try file.checkContent()
            let digests = try digestFields(of: file, isWhole: false)
            let place = ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)")
            return HTTPResponse(
                status: 206, headers: headers + digests + [place],
                body: try .blob(file, range))
        case .unsatisfiable:
            throw Problem(
                416, "range-not-satisfiable", "Range not satisfiable",
                "\"\(path)\" has \(file.size) bytes, which do not include the Range"
            ).with { $0.headers = [("Content-Range", "bytes */\(file.size)")] }
        }
    }

    /// `Repr-Digest`, which is of the whole file, and `Content-MD5`, which is of the bytes sent.
    private func digestFields(
        of file: any Blob, isWhole: Bool
    ) throws -> [(name: String, value: String)] {
        let isSmall = isWhole && file.size <= FileDigests.smallest
        let algorithms = Set(wanted.algorithms + (isSmall ? [.md5] : []))
        let values = try digests.values(of: file, algorithms, reads: wanted.isAsked, check)
        let list = wanted.algorithms.compactMap { algorithm in
            values[algorithm].map { "\(algorithm.rawValue)=:\(Base64.encode($0)):" }
        }
        var fields: [(name: String, value: String)] = []
        if !list.isEmpty { fields.append(("Repr-Digest", list.joined(separator: ", "))) }
        if isWhole, let md5 = values[.md5] { fields.append(("Content-MD5", Base64.encode(md5))) }
        return fields
    }

    private func part(of file: any Blob, tag: String, modified: Int) -> ByteRange {
        guard let range else { return .whole }
        if let ifRange {
            let isSame =
                EntityTags(ifRange).map { $0 != .any && $0.matches(tag, strongly: true) }
                ?? (HTTPDate.seconds(ifRange) == modified)
            if !isSame { return .whole }
        }
        return ByteRange(range, size: file.size)
    }

    /// What a browser that is led to something untrusted may do with it: show it, but run nothing in it, and not in a
    /// frame (W3C Content Security Policy, sections 6.4.3 and 6.4.2).
    static let untrustedPolicy = "sandbox; frame-ancestors 'none'"

    /// The header fields of every file. Files are untrusted: a browser must neither guess their type nor run them as
    /// part of this site.
    private static func headers(
        _ path: ArtifactPath, tag: String, modified: Int
    ) -> [(name: String, value: String)] {
        let type = FileMediaType.of(path)
        var headers: [(name: String, value: String)] = [
            ("Content-Type", type), ("ETag", "\"\(tag)\""), ("Last-Modified", HTTPDate.text(modified)),
            ("Accept-Ranges", "bytes"), ("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", untrustedPolicy), ("Referrer-Policy", "no-referrer"),
        ]
        if !FileMediaType.isShown(type), let name = path.components.last {
            headers.append(("Content-Disposition", "attachment; filename*=UTF-8''\(PercentEncoding.encode(name))"))
        }
        return headers
    }
}
