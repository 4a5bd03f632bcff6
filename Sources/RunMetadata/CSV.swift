/// Writes CSV (RFC 4180), as R's `read.csv()` and pandas read it.
package enum CSV {
    /// The text of a missing value. (Not an empty field: a line with only one empty field is empty, and readers skip
    /// it.)
    package static let missing: StaticString = "NA"

    /// Appends a text as a field. It is quoted if it is empty or has a space, a quote, or a separator of fields or
    /// lines.
    package static func append(_ field: some Collection<UInt8>, to output: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let special: [UInt8] = [quote, UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: " ")]
        guard field.isEmpty || field.contains(where: special.contains) else { return output.append(contentsOf: field) }
        output.append(quote)
        for byte in field {
            if byte == quote { output.append(quote) }
            output.append(byte)
        }
        output.append(quote)
    }

    /// Appends texts as the fields of a line, without the line's end.
    /// - Parameter missing: a text that stands for a missing value, whose field is empty; nil: none does
    package static func append(_ fields: some Sequence<String>, missing: String? = nil, to output: inout [UInt8]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            if field != missing { append(field.utf8, to: &output) }
        }
    }

    /// Appends a metric's value. `json` appends its JSON text: a number, `"NaN"`, `"Inf"`, `"-Inf"` or `null`.
    package static func append(to output: inout [UInt8], json: (inout [UInt8]) -> Void) {
        let start = output.count
        json(&output)
        if output[start] == UInt8(ascii: "n") {
            output.removeLast(output.count - start)
            missing.withUTF8Buffer { output.append(contentsOf: $0) }
        } else if output[start] == UInt8(ascii: "\"") {
            output.removeLast()
            output.remove(at: start)
        }
    }
}
