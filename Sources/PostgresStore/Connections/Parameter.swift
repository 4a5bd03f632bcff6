/// A parameter of a statement, in PostgreSQL's binary format. Values are never put into the text of the SQL.
///
/// The formats are those of `typsend` and `typreceive` of each type (src/backend/utils/adt); numbers are big-endian.
enum Parameter: Sendable {
    case int(Int?)
    case double(Double?)
    case bool(Bool)
    case text(String?)
    case bytes([UInt8]?)
    case ints([Int])
    case doubles([Double?])
    case bools([Bool])
    case texts([String?])
    case blobs([[UInt8]?])

    /// The type's number (OID) in pg_type.
    var type: UInt32 {
        switch self {
        case .int: Element.int8
        case .double: Element.float8
        case .bool: Element.bool
        case .text: Element.text
        case .bytes: Element.bytea
        case .ints: 1016
        case .doubles: 1022
        case .bools: 1000
        case .texts: 1009
        case .blobs: 1001
        }
    }

    private enum Element {
        static let bool: UInt32 = 16
        static let bytea: UInt32 = 17
        static let int8: UInt32 = 20
        static let text: UInt32 = 25
        static let float8: UInt32 = 701
    }

    /// Appends the value.
    /// - Returns: false if it is NULL
    func append(to buffer: inout [UInt8]) -> Bool {
        switch self {
        case .int(nil), .double(nil), .text(nil), .bytes(nil): return false
        case .int(let value?): buffer.append(bigEndian: UInt64(bitPattern: Int64(value)))
        case .double(let value?): buffer.append(bigEndian: value.bitPattern)
        case .bool(let value): buffer.append(value ? 1 : 0)
        case .text(let value?): buffer += value.utf8
        case .bytes(let value?): buffer += value
        case .ints(let values):
            Self.append(values, of: Element.int8, to: &buffer) { value, buffer in
                buffer.append(bigEndian: UInt32(8))
                buffer.append(bigEndian: UInt64(bitPattern: Int64(value)))
            }
        case .doubles(let values):
            Self.append(values, of: Element.float8, to: &buffer) { value, buffer in
                guard let value else { return buffer.appendNull() }
                buffer.append(bigEndian: UInt32(8))
                buffer.append(bigEndian: value.bitPattern)
            }
        case .bools(let values):
            Self.append(values, of: Element.bool, to: &buffer) { value, buffer in
                buffer.append(bigEndian: UInt32(1))
                buffer.append(value ? 1 : 0)
            }
        case .texts(let values):
            Self.append(values, of: Element.text, to: &buffer) { value, buffer in
                guard let value else { return buffer.appendNull() }
                buffer.append(bigEndian: UInt32(value.utf8.count))
                buffer += value.utf8
            }
        case .blobs(let values):
            Self.append(values, of: Element.bytea, to: &buffer) { value, buffer in
                guard let value else { return buffer.appendNull() }
                buffer.append(bigEndian: UInt32(value.count))
                buffer += value
            }
        }
        return true
    }

    /// Appends an array: the number of dimensions, whether there are NULLs, the elements' type, the length, and the
    /// lower bound.
    private static func append<Value>(
        _ values: [Value], of type: UInt32, to buffer: inout [UInt8], _ appendElement: (Value, inout [UInt8]) -> Void
    ) {
        for field in [1, 1, type, UInt32(values.count), 1] { buffer.append(bigEndian: field) }
        for value in values { appendElement(value, &buffer) }
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    /// A NULL in an array: the length -1.
    fileprivate mutating func appendNull() { append(bigEndian: UInt32.max) }
}
