internal import Glibc

/// A host and an optional port, as in `Host` and `Origin` (RFC 3986 section 3.2).
package struct Authority: Hashable, Sendable {
    package enum Host: Hashable, Sendable {
        /// In lower case, without a trailing dot.
        case name(String)
        /// The 16 bytes of an IPv6 address; IPv4 as `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2).
        case address([UInt8])
    }

    package let host: Host
    package var port: Int?

    /// Longest host name in bytes, and its longest label (RFC 1035 section 2.3.4).
    private static let longestName = 253, longestLabel = 63

    /// Reads it strictly: nil if it has a user, escapes, spaces or anything else ambiguous.
    package init?(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        let isBracketed = bytes.first == UInt8(ascii: "[")
        guard
            let end = isBracketed
                ? bytes.firstIndex(of: UInt8(ascii: "]")) : bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
        else { return nil }
        let host = isBracketed ? Self.address(bytes[1..<end], AF_INET6) : Self.nameOrAddress(bytes[..<end])
        guard let host else { return nil }
        self.host = host
        let rest = isBracketed ? bytes[(end + 1)...] : bytes[end...]
        guard !rest.isEmpty else { return }
        guard rest.first == UInt8(ascii: ":") else { return nil }
        let digits = rest.dropFirst()
        // "example.org:" has the default port.
        guard !digits.isEmpty else { return }
        guard digits.count <= 5, digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
            let number = Int(String(decoding: digits, as: UTF8.self)), number <= 65_535
        else { return nil }
        port = number
    }

    private static func nameOrAddress(_ bytes: ArraySlice<UInt8>) -> Host? {
        let bytes = bytes.last == UInt8(ascii: ".") ? bytes.dropLast() : bytes
        if let address = address(bytes, AF_INET) { return address }
        guard !bytes.isEmpty, bytes.count <= longestName else { return nil }
        for label in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard !label.isEmpty, label.count <= longestLabel, label.allSatisfy(isAllowed) else { return nil }
        }
        return .name(String(decoding: bytes, as: UTF8.self).lowercased())
    }

    /// Letters, digits, hyphens; also the underscore, which container networks use in names.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Reads a complete address (inet_pton(3)).
    private static func address(_ text: ArraySlice<UInt8>, _ family: CInt) -> Host? {
        // A longer text is not an address; a NUL would end the text early.
        guard text.count < INET6_ADDRSTRLEN, !text.contains(0) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        let start = family == AF_INET ? 12 : 0
        let code = bytes.withUnsafeMutableBytes {
            inet_pton(family, String(decoding: text, as: UTF8.self), $0.baseAddress! + start)
        }
        guard code == 1 else { return nil }
        if family == AF_INET { (bytes[10], bytes[11]) = (0xff, 0xff) }
        return .address(bytes)
    }
}

extension Authority.Host: CustomStringConvertible {
    /// The host as text (inet_ntop(3)), IPv6 without brackets.
    package var description: String {
        switch self {
        case .name(let name): return name
        case .address(let bytes):
            let isOld = bytes.starts(with: Self.mapped)
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            bytes.withUnsafeBytes {
                _ = inet_ntop(
                    isOld ? AF_INET : AF_INET6, $0.baseAddress! + (isOld ? 12 : 0), &text, socklen_t(INET6_ADDRSTRLEN))
            }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// Whether it is a loopback name or address: `localhost`, names below it (RFC 6761 section 6.3), 127.0.0.0/8,
    /// `::1`.
    var isLoopback: Bool {
        switch self {
        case .name(let name): name == "localhost" || name.hasSuffix(".localhost")
        case .address(let bytes):
            bytes.starts(with: Self.mapped + [127]) || bytes == [UInt8](repeating: 0, count: 15) + [1]
        }
    }

    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
}
