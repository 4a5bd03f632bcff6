internal import Access
internal import HTTPServer
internal import Limits
internal import RunMetadata
internal import WebPage

/// `/` and `/assets/{version}/…`: the web page.
extension RunAPI {
    static let pageRoutes: [Route] = [
        Route("readPage", .get, "/", .none, reply: RunAPI.readPage),
        Route("readAsset", .get, "/assets/{path}", .none, reply: RunAPI.readAsset),
    ]

    /// What the page may load: only from this server, scripts and styles only from files. Its own scripts may also make
    /// images.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "media-src 'self'",
        "font-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    func readPage(_ request: RunRequest) throws -> HTTPResponse {
        var response = try pageFile("index.html", request.exchange)
        response.headers += [
            ("Content-Security-Policy", Self.policy), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-cache"),
        ]
        return response
    }

    /// A file of the page. Its URL has a version, so that it can be cached for ever.
    func readAsset(_ request: RunRequest, _ path: ArtifactPath) throws -> HTTPResponse {
        let path = path.components
        guard path.count >= 2, path[0] == WebPage.version else {
            throw Problem.unknownPath
        }
        var response = try pageFile(path.dropFirst().joined(separator: "/"), request.exchange)
        response.headers.append(("Cache-Control", "public, max-age=31536000, immutable"))
        return response
    }

    private func pageFile(_ name: String, _ exchange: HTTPExchange) throws -> HTTPResponse {
        guard let file = WebPage.file(name) else { throw Problem.unknownPath }
        var headers = [("Content-Type", file.mediaType), ("X-Content-Type-Options", "nosniff")]
        let body: [UInt8]
        switch exchange.acceptedCoding {
        case .gzip, .gzipOnly:
            body = file.gzip
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        case .identity: body = try GzipDecoder.decode(file.gzip, budget: Budget([Limit(.bytes, most: file.length)]))
        }
        return HTTPResponse(status: 200, headers: headers, body: .bytes(body))
    }
}
