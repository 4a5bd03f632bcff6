internal import JSON
internal import RunMetadata
internal import RunStore

/// A value of a column for one run, prepared for conditions and orders: its kind, its number and its text.
struct Cell: Sendable {
    /// `RunColumn.Kind`. Missing values have no row.
    let kind: Int
    /// The number to compare with numbers (`RunValue.asNumber`); nil for a text that is not a number.
    let number: Double?
    /// The text to compare with texts (`RunValue.asText`).
    let text: [UInt8]

    /// Nil if the value is missing.
    init?(_ value: RunValue) {
        switch value {
        case .missing: return nil
        case .flag: kind = Int(RunColumn.Kind.flag)
        case .number: kind = Int(RunColumn.Kind.number)
        case .text: kind = Int(RunColumn.Kind.text)
        }
        (number, text) = (value.asNumber, Array(value.asText.utf8))
    }

    /// The value of a row with the columns kind, number, text.
    static func value(_ rows: Rows, _ row: Int, _ column: Int) -> RunValue {
        switch rows.isNull(row, column) ? RunColumn.Kind.missing : UInt8(rows.int(row, column)) {
        case RunColumn.Kind.flag: .flag(rows.double(row, column + 1) != 0)
        case RunColumn.Kind.number: .number(rows.double(row, column + 1))
        case RunColumn.Kind.text: .text(rows.text(row, column + 2))
        default: .missing
        }
    }
}

/// The columns of a run as they are stored: one JSON object, with numbers as they were sent.
enum KeptColumns {
    static func bytes(_ columns: JSONObject) -> [UInt8] {
        var bytes = Array("{".utf8)
        for (index, member) in columns.members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(.string(member.name), to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            // Not in quotes, so that it remains a number.
            if case .number(let number) = member.value, !number.isFinite {
                bytes += number.text.utf8
            } else {
                JSONWriter.append(member.value, to: &bytes)
            }
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    static func read(_ bytes: [UInt8]) -> JSONObject {
        (try? JSONValue.parse(bytes, nonFinite: .allowed))?.object ?? JSONObject()
    }
}
