internal import CMicroHTTPD
internal import Glibc

/// What the head of a request says, as libmicrohttpd has it.
extension HTTPExchange {
    /// A header field's value, the first one of that name (`cmhd_header()`).
    package func header(_ name: StaticString) -> String? {
        headerBytes(name).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The same as bytes, without making a string of it. Valid until answered.
    package func headerBytes(_ name: StaticString) -> UnsafeRawBufferPointer? {
        var value: UnsafePointer<CChar>?
        var size = 0
        let characters = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        let found = cmhd_header(
            connection, .HEADER_KIND, characters, name.utf8CodeUnitCount, &value, &size)
        guard found == .YES, let value else { return nil }
        return UnsafeRawBufferPointer(start: value, count: size)
    }

    /// The client's address without its port, `unix` for a local socket, or an empty text. Valid in `completed(_:)`
    /// too.
    package var clientAddress: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            guard let start = text.baseAddress else { return "" }
            cmhd_client_address(connection, start, text.count)
            return String(cString: start)
        }
    }

    /// Whether the client sent a digest of the body: `Repr-Digest`, `Content-Digest` (RFC 9530) or `Content-MD5` (RFC
    /// 1864).
    package var hasDigests: Bool {
        headerBytes("Repr-Digest") != nil || headerBytes("Content-Digest") != nil || headerBytes("Content-MD5") != nil
    }

    /// Whether there is a query with a field in it.
    package var hasQuery: Bool { MHD_get_connection_values_n(connection, .GET_ARGUMENT_KIND, nil, nil) > 0 }

    /// The query's fields in order (RFC 3986 section 3.4, `+` for a space), names and values decoded, nil where an
    /// escape is broken. (libmicrohttpd splits them: MHD_get_connection_values_n().)
    package var query: [(name: String, value: String)]? {
        final class Fields { var raw: [(String, String)] = [] }
        let fields = Fields()
        _ = MHD_get_connection_values_n(
            connection, .GET_ARGUMENT_KIND,
            { context, _, key, keySize, value, valueSize in
                let fields = Unmanaged<Fields>.fromOpaque(context!).takeUnretainedValue()
                let name = String(decoding: UnsafeRawBufferPointer(start: key, count: keySize), as: UTF8.self)
                let text = String(decoding: UnsafeRawBufferPointer(start: value, count: valueSize), as: UTF8.self)
                fields.raw.append((name, text))
                return .YES
            }, Unmanaged.passUnretained(fields).toOpaque())
        var decoded: [(name: String, value: String)] = []
        for (name, value) in fields.raw {
            guard let name = PercentEncoding.decode(name), let value = PercentEncoding.decode(value) else { return nil }
            decoded.append((name, value))
        }
        return decoded
    }

    /// Reads `contentLength`.
    func readContentLength() -> Int? {
        guard let digits = headerBytes("Content-Length"), !digits.isEmpty, digits.count <= 18 else { return nil }
        var length = 0
        for digit in digits {
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            length = length * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return length
    }
}
