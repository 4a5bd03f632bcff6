internal import CMicroHTTPD
internal import Synchronization

/// The id of a request: in the header `Request-Id` of its reply, in the `request_id` of a problem, in the log.
///
/// Two numbers in hexadecimal digits: one chosen at the process's start, and the request's own, counted from 1.
package struct RequestID: Sendable, Equatable, CustomStringConvertible {
    package static let header = "Request-Id"
    private static let headerBytes: StaticString = "Request-Id"

    private static let boot = UInt32.random(in: .min ... .max)
    private static let count = Atomic<UInt64>(0)
    private let number: UInt64

    /// A new one. Thread-safe.
    package static func next() -> RequestID {
        RequestID(number: count.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    package var description: String { "\(String(Self.boot, radix: 16))-\(String(number, radix: 16))" }

    /// Adds the header to a reply (MHD_add_response_header()), without making a string: every reply has it.
    func add(to response: OpaquePointer?) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
            var end = text.count - 1
            text[end] = 0
            func put(_ value: UInt64) {
                var rest = value
                repeat {
                    end -= 1
                    let digit = CChar(rest & 15)
                    text[end] = digit < 10 ? 48 + digit : 87 + digit
                    rest >>= 4
                } while rest > 0
            }
            put(number)
            end -= 1
            text[end] = CChar(UInt8(ascii: "-"))
            put(UInt64(Self.boot))
            let name = UnsafeRawPointer(Self.headerBytes.utf8Start).assumingMemoryBound(to: CChar.self)
            MHD_add_response_header(response, name, text.baseAddress! + end)
        }
    }
}
