internal import CJSONSchema
internal import JSON
internal import RunMetadata

/// A JSON Schema (draft 7), checked by valijson.
final class DocumentSchema: Sendable {
    /// The schema cannot be read.
    struct Failure: Error {
        let reason: String
    }

    private let schema: Schema

    /// Sendable: cschema_check() only reads.
    private struct Schema: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    init(_ text: [UInt8]) throws(Failure) {
        var fault = cschema_fault()
        let pointer = text.withUnsafeBytes {
            cschema_create($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, &fault)
        }
        guard let pointer else { throw Failure(reason: Self.text(&fault.reason)) }
        // Released in `deinit`.
        schema = Schema(pointer: pointer)
    }

    deinit { cschema_destroy(schema.pointer) }

    /// Refuses a document that does not match the schema.
    /// - Parameters:
    ///   - json: the document, already checked to be JSON
    ///   - what: its name in the fault
    ///   - pointer: where it is in the body
    func check(_ json: [UInt8], _ what: String, at pointer: JSONPointer = JSONPointer()) throws(MetadataFault) {
        var fault = cschema_fault()
        let isSound = json.withUnsafeBytes {
            cschema_check(schema.pointer, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, &fault)
        }
        if isSound == 1 { return }
        let place = Self.text(&fault.pointer)
        var whole = pointer
        for step in place.split(separator: "/") {
            whole.append(String(step.replacing("~1", with: "/").replacing("~0", with: "~")))
        }
        throw .shape(
            whole,
            "\(what) does not match its schema\(place.isEmpty ? "" : " at \(place)"): \(Self.text(&fault.reason))")
    }

    /// The text in one of the fault's fields, which ends in NUL.
    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
