internal import Glibc
internal import HTTPServer
internal import RunMetadata
internal import RunStore

/// The reply with a file: whole, a part of it, or that it is the one that the client has (RFC 9110 sections 13 and 14).
struct FileReply {
    /// The header fields that decide which.
    private let ifMatch: String?
    private let ifNoneMatch: String?
    private let ifModifiedSince: String?
    private let ifUnmodifiedSince: String?
    private let ifRange: String?
    private let range: String?

    /// Reads the head of a request.
    init(_ exchange: HTTPExchange) {
        ifMatch = exchange.header("If-Match")
        ifNoneMatch = exchange.header("If-None-Match")
        ifModifiedSince = exchange.header("If-Modified-Since")
        ifUnmodifiedSince = exchange.header("If-Unmodified-Since")
        ifRange = exchange.header("If-Range")
        range = exchange.method == .get ? exchange.header("Range") : nil
    }

    /// The reply; it takes the file.
    func response(_ path: ArtifactPath, _ file: StoredFile) throws -> HTTPResponse {
        var isSent = false
        defer { if !isSent { close(file.descriptor) } }
        let tag = file.version.text
        let modified = Int(file.version.modified.rounded(.down))
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
                status: 304, headers: headers.filter { $0.name == "ETag" || $0.name == "Last-Modified" })
        }
        switch part(of: file, tag: tag, modified: modified) {
        case .whole:
            isSent = true
            return HTTPResponse(
                status: 200, headers: headers, body: .file(descriptor: file.descriptor, size: file.size))
        case .part(let range):
            isSent = true
            let place = ("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)")
            return HTTPResponse(
                status: 206, headers: headers + [place],
                body: .file(descriptor: file.descriptor, size: range.count, offset: range.lowerBound))
        case .unsatisfiable:
            throw Problem(
                416, "range-not-satisfiable", "Range not satisfiable",
                "\"\(path)\" has \(file.size) bytes, and none of those that Range asks for"
            ).with { $0.headers = [("Content-Range", "bytes */\(file.size)")] }
        }
    }

    private func part(of file: StoredFile, tag: String, modified: Int) -> ByteRange {
        guard let range else { return .whole }
        if let ifRange {
            let isSame =
                EntityTags(ifRange).map { $0 != .any && $0.matches(tag, strongly: true) }
                ?? (HTTPDate.seconds(ifRange) == modified)
            if !isSame { return .whole }
        }
        return ByteRange(range, size: file.size)
    }

    /// What goes with every file. It may hold anything: a browser neither guesses what it is nor runs it as part of this
    /// site.
    private static func headers(
        _ path: ArtifactPath, tag: String, modified: Int
    ) -> [(name: String, value: String)] {
        let type = FileMediaType.of(path)
        var headers: [(name: String, value: String)] = [
            ("Content-Type", type), ("ETag", "\"\(tag)\""), ("Last-Modified", HTTPDate.text(modified)),
            ("Accept-Ranges", "bytes"), ("Cache-Control", "no-cache"), ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", "sandbox"),
        ]
        if !FileMediaType.isShown(type), let name = path.components.last {
            headers.append(("Content-Disposition", "attachment; filename*=UTF-8''\(PercentEncoding.encode(name))"))
        }
        return headers
    }
}
