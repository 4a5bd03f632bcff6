internal import Glibc
package import HTTPServer

/// The token that a request came with.
package enum Credential {
    case none
    /// From `Authorization`: the whole field, valid until answered.
    case header(UnsafeRawBufferPointer)
    /// From the page's cookie, valid until answered.
    case cookie(UnsafeRawBufferPointer)

    /// Reads the head. A token in `Authorization` takes precedence over one in the cookie.
    init(_ exchange: HTTPExchange) {
        if let field = exchange.headerBytes("Authorization") {
            self = .header(field)
        } else if let token = TokenCookie.token(of: exchange) {
            self = .cookie(token)
        } else {
            self = .none
        }
    }

    /// The token in an `Authorization` field: `Bearer` (RFC 6750), or `Basic` (RFC 7617) with the token as password, or
    /// as user if there is no password. Nil for other schemes.
    static func token(in field: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let space = field.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let scheme = String(decoding: field[..<space], as: UTF8.self).lowercased()
        let rest = field[space...].drop { $0 == UInt8(ascii: " ") }
        switch scheme {
        case "bearer": return Array(rest)
        case "basic":
            guard let pair = Base64.decode(String(decoding: rest, as: UTF8.self)),
                let colon = pair.firstIndex(of: UInt8(ascii: ":"))
            else { return nil }
            let password = pair[(colon + 1)...]
            return Array(password.isEmpty ? pair[..<colon] : password)
        default: return nil
        }
    }

    /// The token in a request's `Authorization` field, as its holder wrote it.
    package static func sentToken(_ exchange: HTTPExchange) -> String? {
        exchange.headerBytes("Authorization").flatMap(token(in:)).map { String(decoding: $0, as: UTF8.self) }
    }
}
