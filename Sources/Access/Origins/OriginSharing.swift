internal import HTTPServer

/// The origins of `--allow-origin`, whose pages may read, and the CORS header fields for browsers (WHATWG Fetch,
/// section 3.2).
///
/// No reply allows cookies. So such a page reads what anybody may read, or sends a token in `Authorization`, which a
/// browser does not do by itself.
package struct OriginSharing: Sendable {
    private let rules: [OriginRule]

    package init(_ rules: [OriginRule] = []) { self.rules = rules }

    /// The origin as it was allowed; nil if it is not.
    func allowed(_ origin: [UInt8]) -> String? {
        if rules.isEmpty { return nil }
        guard let sent = OriginRule(String(decoding: origin, as: UTF8.self)) else { return nil }
        return rules.contains(sent) ? sent.text : nil
    }

    /// Header fields of the reply.
    func fields(for site: RequestSite, _ exchange: HTTPExchange) -> [(name: String, value: String)] {
        if rules.isEmpty { return [] }
        // In every reply, since a cache would otherwise keep one reply for all origins.
        let vary = (name: "Vary", value: "Origin")
        guard case .allowed(let origin) = site else { return [vary] }
        var fields = [
            vary, ("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", Self.exposed),
        ]
        if exchange.method == .options, exchange.headerBytes("Access-Control-Request-Method") != nil {
            fields += [
                ("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
                ("Access-Control-Allow-Headers", Self.taken), ("Access-Control-Max-Age", "600"),
            ]
        }
        return fields
    }

    /// Fields of replies that a page may read.
    private static let exposed = [
        "Accept-Ranges", "Allow", "Content-Disposition", "Content-MD5", "Content-Range", "Deprecation", "ETag", "Link",
        "Location", "Output-Length", "Repr-Digest", "Request-Id", "Retry-After", "WWW-Authenticate",
    ].joined(separator: ", ")

    /// Fields of requests that a page may set.
    private static let taken = [
        "Authorization", "Content-Digest", "Content-Encoding", "Content-MD5", "Content-Range", "Content-Type",
        "If-Match",
        "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Last-Event-ID", "Range",
        "Repr-Digest",
        "Run-Session", "Want-Repr-Digest",
    ].joined(separator: ", ")
}

/// An origin: scheme, host and port (RFC 6454), as in `https://dash.example.org`.
package struct OriginRule: Sendable, Hashable {
    /// As a browser sends it in `Origin`.
    let text: String
    private let scheme: String
    private let host: Authority.Host
    private let port: Int

    /// The rule, in words for the person who broke it.
    package static let rule = "it has to be a scheme, a host and perhaps a port, as in https://dash.example.org"

    /// Nil if the text is not an origin of http or https.
    package init?(_ text: String) {
        for (scheme, port) in [("http", 80), ("https", 443)] where text.hasPrefix("\(scheme)://") {
            guard let authority = Authority(text.utf8.dropFirst(scheme.utf8.count + 3)) else { return nil }
            self.text = text
            (self.scheme, host, self.port) = (scheme, authority.host, authority.port ?? port)
            return
        }
        return nil
    }

    package static func == (left: OriginRule, right: OriginRule) -> Bool {
        left.scheme == right.scheme && left.host == right.host && left.port == right.port
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(scheme)
        hasher.combine(host)
        hasher.combine(port)
    }
}
