internal import Glibc
package import HTTPServer

/// Refuses requests that a browser sends from a page of another site.
///
/// A browser lets any page send a form to any address (CSRF), and lets a page read replies from the host name that it
/// was loaded from, whatever address that name has by now (DNS rebinding). So `Host` has to be a name of this server,
/// and a request that changes something may not come from another site, unless its origin is allowed. This is checked
/// for every request, before anything else.
package final class RequestOrigin: @unchecked Sendable {
    // Sendable: `accepted` and `next` are used only by `check`, which the polling thread calls.

    private let hosts: AllowedHosts
    /// Other origins whose pages may read, and with a token write.
    let sharing: OriginSharing
    /// The most recently accepted values of `Host`: most requests have one of these.
    private var accepted: [[UInt8]] = []
    private var next = 0
    private static let remembered = 4

    /// - Parameters:
    ///   - allowed: hosts that requests may name beside those of this machine
    ///   - sharing: other origins that are allowed
    package init(allowed: [HostRule] = [], sharing: OriginSharing = OriginSharing()) {
        hosts = AllowedHosts(allowed)
        self.sharing = sharing
    }

    /// Finds where a request comes from. On the polling thread.
    /// - Throws: 400 if `Host` is malformed, 421 if it is another server's, 403 if the request changes something and
    ///   comes from a site that is not allowed
    package func check(_ exchange: HTTPExchange) throws(AccessRefusal) -> RequestSite {
        let fields = exchange.originFields
        try checkHost(fields.host)
        if fields.origin.count == 0, fields.fetchSite.count == 0 { return .unknown }
        if fields.origin.count == 1, let origin = fields.origin.value,
            let allowed = sharing.allowed(Array(origin))
        {
            return .allowed(allowed)
        }
        guard exchange.method.changesSomething else { return .unknown }
        try checkSite(fields)
        return .own
    }

    private func checkHost(_ host: OriginFields.Field) throws(AccessRefusal) {
        // Only HTTP/1.0 requests may have no `Host`, and none may have two: the server refuses such a head
        // (`FramingFault`).
        guard let value = host.value else { return }
        if accepted.contains(where: { $0.count == value.count && memcmp($0, value.baseAddress!, value.count) == 0 }) {
            return
        }
        guard let authority = Authority(value) else {
            throw .invalidHost(
                reason: "the Host \"\(Self.text(value))\" is not a host name or address with an optional port")
        }
        guard hosts.contains(authority.host) else { throw .misdirected(host: authority.host.description) }
        if accepted.count < Self.remembered {
            accepted.append(Array(value))
        } else {
            accepted[next] = Array(value)
            next = (next + 1) % Self.remembered
        }
    }

    private func checkSite(_ fields: OriginFields) throws(AccessRefusal) {
        if fields.fetchSite.count > 0 {
            let site = fields.fetchSite.value.map { Array($0) } ?? []
            guard fields.fetchSite.count == 1, site == Array("same-origin".utf8) || site == Array("none".utf8) else {
                throw .foreignOrigin(reason: "Sec-Fetch-Site is \"\(Self.text(site))\"")
            }
        }
        if fields.origin.count > 0 {
            let origin = fields.origin.value.map { Array($0) } ?? []
            guard fields.origin.count == 1, let host = fields.host.value,
                Self.isSame(origin: origin, host: Array(host))
            else { throw .foreignOrigin(reason: "Origin is \"\(Self.text(origin))\"") }
        }
    }

    /// Whether an `Origin` has the host and port of `Host`. Either scheme is accepted: a proxy may terminate TLS. The
    /// scheme's default port may be left out (RFC 9110 section 4.2).
    private static func isSame(origin: [UInt8], host: [UInt8]) -> Bool {
        for (scheme, port) in [("http://", 80), ("https://", 443)] where origin.starts(with: scheme.utf8) {
            guard let origin = Authority(origin.dropFirst(scheme.utf8.count)), let host = Authority(host) else {
                return false
            }
            return origin.host == host.host && origin.port ?? port == host.port ?? port
        }
        return false
    }

    /// A value, cut to fit into a message.
    private static func text(_ value: some Collection<UInt8>) -> String {
        String(decoding: value.prefix(200), as: UTF8.self) + (value.count > 200 ? "…" : "")
    }
}

/// The site from which a browser says that it sends a request.
package enum RequestSite: Sendable, Equatable {
    /// Unknown: the sender is not a browser, or the request only reads.
    case unknown
    /// A page of this server.
    case own
    /// A page of an origin that `--allow-origin` names.
    case allowed(String)

    static let unknownReason = "neither Origin nor Sec-Fetch-Site says that a page of this server sends it"
}
