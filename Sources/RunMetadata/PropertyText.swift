package import JSON

/// How a property's value is stored: as text (tfruns' `write_run_property`).
package enum PropertyText {
    /// The text: TRUE or FALSE, a number as it was sent, a text as it is, a list as one element per line, an object as
    /// compact JSON.
    /// - Returns: nil for null, which removes the property
    package static func text(of value: JSONValue) -> String? {
        switch value {
        case .null: nil
        case .bool(let flag): flag ? "TRUE" : "FALSE"
        case .number(let number): number.text
        case .string(let text): text
        case .array(let elements): elements.map { text(of: $0) ?? "NA" }.joined(separator: "\n")
        case .object: String(decoding: JSONWriter.compact(value), as: UTF8.self)
        }
    }

    /// The content of a value's file: the text and a newline. If tfruns would take the text for a path, an empty line
    /// follows. The file is empty for an empty list, as R's `writeLines()` does, and for the empty object that
    /// `toJSON()` writes for NULL.
    /// - Returns: nil for null, which removes the property
    package static func file(of value: JSONValue, _ name: PropertyName) -> [UInt8]? {
        if value == .array([]) || value == .object(JSONObject()) { return [] }
        return text(of: value).map { file($0) + (name.isTakenForPath ? [newline] : []) }
    }

    /// The content of a property's file: the text and a newline.
    package static func file(_ text: String) -> [UInt8] { Array(text.utf8) + [newline] }

    /// The text in a property's file.
    package static func read(_ file: [UInt8], of name: PropertyName? = nil) -> String {
        file.withUnsafeBytes { read($0, of: name) }
    }

    /// The same for borrowed bytes.
    package static func read(_ file: UnsafeRawBufferPointer, of name: PropertyName? = nil) -> String {
        var text = file[...]
        if text.last == newline { text.removeLast() }
        // The empty line prevents the text from being taken for a path.
        if name?.isTakenForPath ?? false, text.last == newline { text.removeLast() }
        return String(decoding: UnsafeRawBufferPointer(rebasing: text), as: UTF8.self)
    }

    /// The same; nil for a file that is only a placeholder (`PropertyName.keepsPlace`).
    package static func value(of name: PropertyName, _ file: [UInt8]) -> String? {
        name.keepsPlace && file.isEmpty ? nil : read(file, of: name)
    }

    private static let newline = UInt8(ascii: "\n")

    /// Seconds since 1970 as tfruns writes them: a decimal number, to the microsecond.
    package static func seconds(_ seconds: Double) -> String { "\((seconds * 1e6).rounded() / 1e6)" }

    /// The boolean that tfruns reads from a text; nil if it is not one.
    package static func flag(_ text: String) -> Bool? {
        switch text {
        case "TRUE", "true", "yes", "1": true
        case "FALSE", "false", "no", "0": false
        default: nil
        }
    }
}
