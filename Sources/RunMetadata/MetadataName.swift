package import JSON
package import Limits

/// The rule for names that are sent: of flags, of values of an evaluation, of metrics. (A run directory may already
/// hold other names.)
package enum MetadataName {
    /// The most bytes of the name of a flag or an evaluation's value, including the names of the objects around it.
    package static let longest = 255
    /// The most bytes of a metric's name.
    package static let longestMetric = 1000

    /// Whether a name may be sent: not empty, not too long, without NUL and other control characters.
    package static func isAllowed(_ name: UnsafeRawBufferPointer, atMost longest: Int) -> Bool {
        !name.isEmpty && name.count <= longest && !hasControl(name)
    }

    /// Whether a text in UTF-8 has a control character: U+0000 to U+001F, U+007F to U+009F.
    package static func hasControl(_ text: UnsafeRawBufferPointer) -> Bool {
        var isAfterC2 = false
        for byte in text {
            if byte < 0x20 || byte == 0x7F || (isAfterC2 && byte < 0xA0) { return true }
            isAfterC2 = byte == 0xC2
        }
        return false
    }

    package static func hasControl(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { hasControl(UnsafeRawBufferPointer($0)) }
    }

    /// The fault of a name that may not be sent.
    package static func fault(
        _ name: UnsafeRawBufferPointer, atMost longest: Int, _ what: String, _ pointer: JSONPointer
    ) -> MetadataFault {
        let text = String(decoding: name, as: UTF8.self)
        let reason =
            name.isEmpty
            ? "a \(longest == longestMetric ? "metric" : "value") has the empty name; give it one"
            : name.count > longest
                ? "the name \"\(text.shown(atMost: 40))\" has \(name.count) bytes; a name has \(longest) at most"
                : "a name has a control character, such as NUL or a line break; leave it out"
        return .shape(pointer, "\(what): \(reason)")
    }
}

/// How many names in a request may become files or columns.
package struct NameLimits: Sendable {
    /// Properties, each of which is a file: in one request, and in one run.
    package var properties = Limit(.names, most: 1000, setting: "--max-names")
    /// Flags, values of an evaluation, metrics: each is a column.
    package var columns = Limit(.columns, most: 10_000, setting: "--max-columns")

    package init() {}
}

extension MetadataFault {
    /// The fault of a request with more of something than is allowed.
    package static func excess(_ exceeded: LimitExceeded, _ what: String, _ pointer: JSONPointer? = nil)
        -> MetadataFault
    {
        .shape(pointer ?? JSONPointer(), "\(what): \(exceeded) in one request; send fewer")
    }
}
