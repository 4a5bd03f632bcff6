/// Media types (RFC 9110 section 8.3.1).
enum MediaType {
    /// Whether a header names text, which compresses well. Not events, which are sent one at a time.
    static func isText(_ header: String) -> Bool {
        let type = essence(of: header.utf8)
        return (type.hasPrefix("text/") && type != "text/event-stream") || type.hasSuffix("+json")
            || ["application/json", "application/x-ndjson", "application/yaml"].contains(type)
    }

    /// Whether a type equals `wanted`, or matches it if that is like `image/*`.
    static func matches(_ type: String, _ wanted: String) -> Bool {
        let wanted = wanted.lowercased()
        return type == wanted || (wanted.hasSuffix("/*") && type.hasPrefix(wanted.dropLast()))
    }

    /// `type/subtype` in lower case, without parameters.
    static func essence(of header: some Sequence<UInt8>) -> String {
        var type: [UInt8] = []
        type.reserveCapacity(32)
        for byte in header {
            switch byte {
            case UInt8(ascii: ";"): return String(decoding: type, as: UTF8.self)
            case UInt8(ascii: " "), UInt8(ascii: "\t"): continue
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): type.append(byte | 0x20)
            default: type.append(byte)
            }
        }
        return String(decoding: type, as: UTF8.self)
    }
}
