package import Limits

/// The fields of an `application/x-www-form-urlencoded` body (WHATWG URL, section 5.1), in order.
package struct FormFields: Sendable {
    package let fields: [(name: String, value: String)]

    /// Decodes a body; nil if an escape is broken, or a name or value is not UTF-8.
    /// - Parameter budget: each field counts as an entry
    package init?(_ body: [UInt8], budget: Budget) throws(LimitExceeded) {
        var fields: [(name: String, value: String)] = []
        var rest = body[...]
        while !rest.isEmpty {
            let pair = rest.prefix { $0 != UInt8(ascii: "&") }
            rest = rest[pair.endIndex...].dropFirst()
            if pair.isEmpty { continue }
            try budget.take(of: .entries)
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard let name = Self.text(pair[..<equals]), let value = Self.text(pair[equals...].dropFirst()) else {
                return nil
            }
            fields.append((name, value))
        }
        self.fields = fields
    }

    private static func text(_ raw: ArraySlice<UInt8>) -> String? {
        PercentEncoding.decode(raw, plusIsSpace: true).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
