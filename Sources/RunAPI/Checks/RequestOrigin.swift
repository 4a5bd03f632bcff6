internal import Glibc
package import HTTPServer

/// Refuses requests that a browser sends for a page of another site.
///
/// A browser lets any page send a form to any address (CSRF), and lets a page read replies from the host name that it
/// was loaded from, whatever address that name has by now (DNS rebinding). So `Host` has to be a name of this server,
/// and a request that changes something may not come from another site. This is checked for every request, before
/// anything else.
package final class RequestOrigin: RequestCheck, @unchecked Sendable {
    // Sendable: `accepted` and `next` are used only by `check`, which the polling thread calls.

    private let hosts: AllowedHosts
    /// The values of `Host` that were accepted last: most requests have one of these.
    private var accepted: [[UInt8]] = []
    private var next = 0
    private static let remembered = 4

    /// - Parameter allowed: hosts that requests may name beside those of this machine
    package init(allowed: [HostRule] = []) { hosts = AllowedHosts(allowed) }

    /// - Throws: a problem: 400 if `Host` is malformed, 421 if it is another server's, 403 if the
    ///   request changes something and comes from another site
    package func check(_ exchange: HTTPExchange) throws {
        let fields = exchange.originFields
        try checkHost(fields.host)
        switch exchange.method {
        case .get, .head, .options: break
        default: if fields.origin.count > 0 || fields.fetchSite.count > 0 { try checkSite(fields) }
        }
    }

    private func checkHost(_ host: OriginFields.Field) throws {
        // Only HTTP/1.0 may have none, and nothing may have two: the server refuses such a head (`FramingFault`).
        guard let value = host.value else { return }
        if accepted.contains(where: { $0.count == value.count && memcmp($0, value.baseAddress!, value.count) == 0 }) {
            return
        }
        guard let authority = Authority(value) else {
            throw Problem.invalidHost(
                "the Host \"\(Self.text(value))\" is not a host name or address with an optional port")
        }
        guard hosts.contains(authority.host) else { throw Problem.misdirected(authority.host) }
        if accepted.count < Self.remembered {
            accepted.append(Array(value))
        } else {
            accepted[next] = Array(value)
            next = (next + 1) % Self.remembered
        }
    }

    private func checkSite(_ fields: OriginFields) throws {
        if fields.fetchSite.count > 0 {
            let site = fields.fetchSite.value.map { Array($0) } ?? []
            guard fields.fetchSite.count == 1, site == Array("same-origin".utf8) || site == Array("none".utf8) else {
                throw Problem.foreignOrigin("Sec-Fetch-Site is \"\(Self.text(site))\"")
            }
        }
        if fields.origin.count > 0 {
            let origin = fields.origin.value.map { Array($0) } ?? []
            guard fields.origin.count == 1, let host = fields.host.value,
                Self.isSame(origin: origin, host: Array(host))
            else { throw Problem.foreignOrigin("Origin is \"\(Self.text(origin))\"") }
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

extension Problem {
    fileprivate static func invalidHost(_ reason: String) -> Problem {
        Problem(
            400, "invalid-host", "Invalid Host",
            "\(reason); send one Host field with the server's name or address, such as localhost:7117"
        ).with { $0.closes = true }
    }

    fileprivate static func misdirected(_ host: Authority.Host) -> Problem {
        Problem(
            421, "misdirected-request", "Misdirected request",
            "\"\(host)\" is not a name or address of this machine; if it is a name of this server, allow it: "
                + "rundir serve --allow-host \(host) (RUNDIR_ALLOW_HOST)"
        ).with { $0.closes = true }
    }

    fileprivate static func foreignOrigin(_ reason: String) -> Problem {
        Problem(
            403, "foreign-origin", "Foreign origin",
            "\(reason), which is not this server: pages of other sites may change nothing here. A proxy in front of the server "
                + "has to pass Host on unchanged")
    }
}
