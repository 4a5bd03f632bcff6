/// Writes JSON values as UTF-8.
///
/// In both layouts numbers are written as their text, and NaN and infinities as the strings `"NaN"`, `"Inf"`, `"-Inf"`,
/// as jsonlite does.
package enum JSONWriter {
    /// The value without white space: `{"a":1,"b":[1,2]}`.
    package static func compact(_ value: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        append(value, to: &output)
        return output
    }

    /// The value in the layout of the files that tfruns writes (jsonlite's `pretty`), and a line break.
    ///
    /// Two spaces per level; each member on its own line; an array of scalars on one line, `[0.4, null]`; one that
    /// holds containers with one element per line; `[]` and `{}` if empty.
    package static func pretty(_ value: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        appendPretty(value, indent: 0, to: &output)
        output.append(UInt8(ascii: "\n"))
        return output
    }

    /// Appends the value without white space.
    package static func append(_ value: JSONValue, to output: inout [UInt8]) {
        switch value {
        case .null: append(raw: "null", to: &output)
        case .bool(let value): append(raw: value ? "true" : "false", to: &output)
        case .number(let number): append(number, to: &output)
        case .string(let text): append(string: text, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                append(element, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                append(string: member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                append(member.value, to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// Appends the number: its text, in quotes if it is not finite.
    package static func append(_ number: JSONNumber, to output: inout [UInt8]) {
        if number.isFinite {
            output.append(contentsOf: number.text.utf8)
        } else {
            append(string: number.text, to: &output)
        }
    }

    private static func append(raw text: StaticString, to output: inout [UInt8]) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func appendPretty(_ value: JSONValue, indent: Int, to output: inout [UInt8]) {
        switch value {
        case .object(let object) where !object.isEmpty:
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                appendLineBreak(after: index, indent: indent + 1, to: &output)
                append(string: member.name, to: &output)
                append(raw: ": ", to: &output)
                appendPretty(member.value, indent: indent + 1, to: &output)
            }
            appendLineBreak(after: 0, indent: indent, to: &output)
            output.append(UInt8(ascii: "}"))
        case .array(let elements) where elements.contains(where: \.isContainer):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                appendLineBreak(after: index, indent: indent + 1, to: &output)
                appendPretty(element, indent: indent + 1, to: &output)
            }
            appendLineBreak(after: 0, indent: indent, to: &output)
            output.append(UInt8(ascii: "]"))
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { append(raw: ", ", to: &output) }
                append(element, to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .null, .bool, .number, .string, .object:
            append(value, to: &output)
        }
    }

    /// A new line at `indent` levels, with a comma first unless `count`, the elements so far, is 0.
    private static func appendLineBreak(after count: Int, indent: Int, to output: inout [UInt8]) {
        if count > 0 { output.append(UInt8(ascii: ",")) }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * 2))
    }
}
