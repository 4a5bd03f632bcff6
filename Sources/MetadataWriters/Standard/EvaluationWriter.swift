internal import JSON
package import Limits
package import RunMetadata
package import RunStore

/// Writes `evaluation.json`: the metrics of the trained model, replaced as a whole.
package struct EvaluationWriter: PatchableWriter {
    package let type = MetadataType.evaluation
    package let summary =
        "A named list of numbers (also NaN and infinities), nested lists and arrays; replaces evaluation.json."
    package let forms: [BodyForm] = [.json, .form, .multipart]
    package let document: StoredDocument? = .file(.evaluation, mediaType: "application/json")

    private let limit: Limit

    /// - Parameter limit: the most names of a request
    package init(limit: Limit = NameLimits().columns) { self.limit = limit }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        DataChange.put(.evaluation, NamedListFiles(try Self.numbers(in: read(body))))
    }

    package func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch) {
        let patch = try read(.json(json))
        return (.file(.evaluation), JSONObjectPatch(patch) { NamedListFiles(try Self.numbers(in: $0)) })
    }

    private func read(_ body: MetadataBody) throws -> JSONObject {
        let sent = try Self.list(body)
        try NamedList.check(sent, type: type, limit)
        return sent
    }

    /// Reads a list; numbers may be written as programs print them.
    private static func list(_ body: MetadataBody) throws(MetadataFault) -> JSONObject {
        do throws(MetadataFault) { return try NamedList.read(body, type: .evaluation, nonFinite: .allowed) } catch {
            guard case .syntax = error.kind, case .json(let text) = body, let mended = MetricValue.mended(text),
                let list = try? NamedList.read(.json(mended), type: .evaluation, nonFinite: .allowed)
            else { throw error }
            return list
        }
    }

    /// The list with its numbers as they are stored: an array of one number as that number, NaN and infinities in one
    /// spelling, missing values as null.
    private static func numbers(
        in list: JSONObject, _ pointer: JSONPointer = JSONPointer()
    ) throws(MetadataFault) -> JSONObject {
        var numbers = JSONObject()
        for member in list.members {
            numbers[member.name] = try value(member.value, pointer.appending(member.name))
        }
        return numbers
    }

    // Recursion is as deep as the parser allows.
    private static func value(_ value: JSONValue, _ pointer: JSONPointer) throws(MetadataFault) -> JSONValue {
        switch value {
        case .null, .number: return value
        case .string(let text):
            if let named = MetricValue.value(named: text) { return named }
            throw noNumber(pointer, "the text \"\(text.shown(atMost: 100))\"")
        case .bool(let flag): throw noNumber(pointer, "\(flag)")
        case .array(let elements):
            var numbers: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                numbers.append(try Self.value(element, pointer.appending(index)))
            }
            return JSONValue.array(numbers).unboxed
        case .object(let object): return .object(try numbers(in: object, pointer))
        }
    }

    private static func noNumber(_ pointer: JSONPointer, _ found: String) -> MetadataFault {
        .shape(
            pointer, "evaluation: the value at \(pointer) is \(found); an evaluation holds numbers, null and NaN")
    }
}
