internal import CMicroHTTPD

/// The header fields that say which host a request is meant for, and which site's page made it.
package struct OriginFields {
    /// A field: its value (the last one if there are several), and how often it occurs. Valid until answered.
    package struct Field {
        package fileprivate(set) var value: UnsafeRawBufferPointer?
        package fileprivate(set) var count = 0
    }

    /// `Host` (RFC 9110 section 7.2).
    package fileprivate(set) var host = Field()
    /// `Origin` (RFC 6454 section 7).
    package fileprivate(set) var origin = Field()
    /// `Sec-Fetch-Site` (W3C Fetch Metadata).
    package fileprivate(set) var fetchSite = Field()
}

extension HTTPExchange {
    /// Collects the fields in one pass over the head (MHD_get_connection_values_n()), without making strings.
    package var originFields: OriginFields {
        var fields = OriginFields()
        withUnsafeMutablePointer(to: &fields) { fields in
            _ = MHD_get_connection_values_n(
                connection, .HEADER_KIND,
                { context, _, key, nameSize, value, valueSize in
                    guard let context, let key else { return .YES }
                    let fields = context.assumingMemoryBound(to: OriginFields.self)
                    let name = UnsafeRawBufferPointer(start: key, count: nameSize)
                    let value = UnsafeRawBufferPointer(start: value, count: valueSize)
                    switch nameSize {
                    case 4: fields.pointee.host.take(value, if: name, is: "host")
                    case 6: fields.pointee.origin.take(value, if: name, is: "origin")
                    case 14: fields.pointee.fetchSite.take(value, if: name, is: "sec-fetch-site")
                    default: break
                    }
                    return .YES
                }, fields)
        }
        return fields
    }
}

extension OriginFields.Field {
    /// - Parameter expected: a name of the same length, in lower case
    fileprivate mutating func take(
        _ value: UnsafeRawBufferPointer, if name: UnsafeRawBufferPointer, is expected: StaticString
    ) {
        for index in name.indices {
            let byte = name[index]
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            if lower != expected.utf8Start[index] { return }
        }
        self.value = value
        count += 1
    }
}
