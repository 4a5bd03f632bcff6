internal import Glibc
package import HTTPServer

/// The cookie in which the web page keeps a token (RFC 6265): scripts cannot read it, and no other site's page sends
/// it.
///
/// Cookies of a host are sent to all of its ports, so the name has the port of `Host`: two servers on one machine do
/// not overwrite each other's.
package enum TokenCookie {
    private static let base = "rundir_token"
    /// The longest that a browser keeps it, seconds.
    private static let longest = 30.0 * 86_400

    /// A field `Set-Cookie` that keeps a token until it expires, 30 days at most.
    package static func keeping(
        _ token: String, until end: Double?, now: Double, for exchange: HTTPExchange
    ) -> (name: String, value: String) {
        let seconds = Int(min(longest, max(0, (end ?? .infinity) - now)))
        return ("Set-Cookie", "\(name(exchange))=\(token); Max-Age=\(seconds)" + attributes(exchange))
    }

    /// A field `Set-Cookie` that removes it.
    package static func removing(for exchange: HTTPExchange) -> (name: String, value: String) {
        ("Set-Cookie", "\(name(exchange))=; Max-Age=0" + attributes(exchange))
    }

    /// `Secure` if the browser uses TLS, to this server, or, according to `Origin`, to a proxy in front of it.
    private static func attributes(_ exchange: HTTPExchange) -> String {
        let isSecure = exchange.isEncrypted || exchange.header("Origin")?.hasPrefix("https://") == true
        return "; Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    private static func name(_ exchange: HTTPExchange) -> String {
        let port = exchange.headerBytes("Host").flatMap { Authority($0)?.port }
        return port.map { "\(base)_\($0)" } ?? base
    }

    /// The token in a request's cookie. Only the first field `Cookie` is read: browsers send one.
    static func token(of exchange: HTTPExchange) -> UnsafeRawBufferPointer? {
        guard let field = exchange.headerBytes("Cookie") else { return nil }
        return token(named: name(exchange), in: field)
    }

    static func token(named name: String, in field: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        for pair in field.split(separator: UInt8(ascii: ";")) {
            let pair = pair.drop { $0 == UInt8(ascii: " ") }
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<equals].elementsEqual(name.utf8) else {
                continue
            }
            return UnsafeRawBufferPointer(rebasing: pair[(equals + 1)...])
        }
        return nil
    }
}
