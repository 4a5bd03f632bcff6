internal import Access
internal import HTTPServer
internal import Limits
internal import RunMetadata
internal import WebPage

/// `/` and `/assets/{version}/…`: the web page; and `/clients/{name}`: a client in one file.
extension RunAPI {
    static let pageRoutes: [Route] = [
        Route("readPage", .get, "/", .none, reply: RunAPI.readPage),
        Route("readAsset", .get, "/assets/{path}", .none, reply: RunAPI.readAsset),
        Route("readClient", .get, "/clients/{name}", .none, reply: RunAPI.readClient),
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

    /// A client. Its URL has no version, so that caches have to ask.
    func readClient(_ request: RunRequest, _ client: ClientFile) throws -> HTTPResponse {
        var response = try pageFile(client.path, request.exchange)
        response.headers.append(("Cache-Control", "no-cache"))
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

/// `{name}` of `/clients/{name}`.
struct ClientFile: PathParameter {
    private static let folder = "clients/"

    /// Its path among the page's files.
    let path: String

    static var placeholder: PathTemplate.Placeholder { .name }

    static func read(_ values: PathValues) throws(Problem) -> ClientFile {
        let path = folder + values.name
        guard WebPage.file(path) != nil else {
            let names = WebPage.names.filter { $0.hasPrefix(folder) }.map { "/\($0)" }
            throw Problem(
                404, "unknown-path", "Unknown path",
                "there is no client \"\(values.name.shown(atMost: 100))\"; the clients are \(names.joined(separator: ", "))"
            )
        }
        return ClientFile(path: path)
    }
}
