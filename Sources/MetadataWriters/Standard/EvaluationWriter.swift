internal import JSON
package import Limits
package import RunMetadata
package import RunStore

/// Writes `evaluation.json`: the metrics of the trained model, replaced as a whole.
package struct EvaluationWriter: PatchableWriter {
    package let type = MetadataType.evaluation
    package let summary = "A named list of numbers, NaN and infinities among them; replaces evaluation.json."
    package let forms: [BodyForm] = [.json, .form, .multipart]
    package let document: StoredDocument? = .file(.evaluation, mediaType: "application/json")

    private let limit: Limit

    /// - Parameter limit: how many names a request may have
    package init(limit: Limit = NameLimits().columns) { self.limit = limit }

    package func changes(from body: MetadataBody, for _: WriteRequest) throws -> [DataChange] {
        [.put(.evaluation, try Self.document(from: read(body)))]
    }

    package func patch(from json: [UInt8]) throws -> (PatchedDocument, JSONObjectPatch) {
        let patch = try read(.json(json))
        return (.file(.evaluation), JSONObjectPatch(patch) { try Self.document(from: $0) })
    }

    private func read(_ body: MetadataBody) throws -> JSONObject {
        let sent = try NamedList.read(body, type: type, nonFinite: .allowed)
        try NamedList.check(sent, type: type, limit)
        return sent
    }

    /// The text of `evaluation.json`. A missing value is left out: as null it would break `ls_runs()` for all runs.
    private static func document(from evaluation: JSONObject) throws -> [UInt8] {
        var numbers = JSONObject()
        for member in evaluation.members {
            if member.name.isEmpty {
                throw MetadataFault.shape(JSONPointer(), "evaluation: a value has the empty name; give it one")
            }
            switch member.value {
            case .null: continue
            case .number: numbers[member.name] = member.value
            case .string(let text):
                switch text {
                case "NA": continue
                case "NaN": numbers[member.name] = .number(.nan)
                case "Inf", "Infinity": numbers[member.name] = .number(.infinity)
                case "-Inf", "-Infinity": numbers[member.name] = .number(.negativeInfinity)
                default: throw noNumber(member.name, "the text \"\(text.shown(atMost: 100))\"")
                }
            case .bool(let flag): throw noNumber(member.name, "\(flag)")
            case .array: throw noNumber(member.name, "an array")
            case .object: throw noNumber(member.name, "an object")
            }
        }
        return JSONWriter.pretty(.object(numbers))
    }

    private static func noNumber(_ name: String, _ found: String) -> MetadataFault {
        .shape(
            JSONPointer().appending(name),
            "evaluation: \"\(name)\" is \(found); an evaluation is a number, null or NaN")
    }
}
