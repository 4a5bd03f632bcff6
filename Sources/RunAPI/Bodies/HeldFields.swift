internal import HTTPServer

/// The fields of a form in memory, assembled from pieces.
struct HeldFields {
    private var fields: [(name: String, value: [UInt8])] = []

    var isEmpty: Bool { fields.isEmpty }

    /// Their names, in order.
    var names: [String] { fields.map(\.name) }

    mutating func append(_ piece: MultipartReader.Piece) {
        if piece.isFirst || fields.isEmpty { fields.append((piece.name, [])) }
        fields[fields.count - 1].value.append(contentsOf: piece.bytes)
    }

    /// The fields, in order.
    /// - Throws: if one is not UTF-8
    var texts: [(name: String, value: String)] {
        get throws(Problem) {
            var texts: [(name: String, value: String)] = []
            for field in fields {
                guard let text = String(validating: field.value, as: UTF8.self) else {
                    throw Problem(400, "invalid-form", "Invalid form", "the field \"\(field.name)\" is not UTF-8")
                }
                texts.append((field.name, text))
            }
            return texts
        }
    }
}
