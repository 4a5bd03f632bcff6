package import JSON

/// A property that tfruns reads as more than text.
package enum TypedProperty: Sendable {
    /// `start`, `end`: seconds since 1970.
    case time
    /// `samples`, `batch_size`, `learning_rate` and others.
    case number
    /// `steps`, `epochs`: `view_run()` compares them with the number completed, and fails if R's `as.integer()` makes
    /// them NA.
    case count
    /// `completed`.
    case flag

    /// Nil for any other property.
    package init?(_ name: String) {
        switch name {
        case "start", "end": self = .time
        case "samples", "validation_samples", "batch_size", "learning_rate": self = .number
        case "steps", "epochs": self = .count
        case "completed": self = .flag
        default: return nil
        }
    }

    /// What such a property has to be, for messages.
    package var rule: String {
        switch self {
        case .time: "seconds since 1970, or a date and time such as 2026-11-24T09:30:00Z (without a zone: UTC)"
        case .number: "a number"
        case .count: "a number up to 2147483647, R's greatest integer"
        case .flag: "TRUE or FALSE"
        }
    }

    /// The text that is stored for one that was sent: times as seconds, flags as `TRUE` and `FALSE`.
    /// - Returns: nil if the text is not such a value; times are in the years 1 to 9999
    package func stored(_ text: String) -> String? {
        switch self {
        case .time:
            guard let seconds = JSONNumber(text)?.double ?? ISOTime.seconds(text) else { return nil }
            guard ISOTime.range.contains(seconds) else { return nil }
            return JSONNumber(text)?.text ?? JSONNumber(seconds).text
        case .number:
            if Self.isMissing(text) { return text }
            if let number = JSONNumber(text) { return number.isInDoubleRange ? text : nil }
            // As printf(3) and awk may write it: `+1`, `.5`.
            return Self.plain(text).map { JSONNumber($0).text }
        case .count:
            let stored = Self.number.stored(text)
            guard let value = stored.flatMap({ JSONNumber($0) })?.double else { return nil }
            return abs(value) < 2_147_483_648 ? stored : nil
        case .flag:
            if PropertyText.flag(text) != nil { return text }
            switch text {
            case "True", "T": return "TRUE"
            case "False", "F": return "FALSE"
            default: return nil
            }
        }
    }

    /// The value in a listing.
    /// - Returns: nil if the text, which any program may have written, is not such a value
    package func value(_ text: String) -> JSONValue? {
        switch self {
        case .time: JSONNumber(text).flatMap { $0.isInDoubleRange ? .number($0) : nil }
        // A count that is too large for R is returned as it is.
        case .number, .count: Self.number.stored(text).flatMap { JSONNumber($0) }.map { .number($0) }
        case .flag: PropertyText.flag(text).map { .bool($0) }
        }
    }

    /// Whether a text is R's missing value, or what R writes for NULL.
    package static func isMissing(_ text: String) -> Bool { text == "NA" || text.isEmpty }

    /// Whether tfruns can read a text as such a value, or as missing.
    package func isRead(_ text: String) -> Bool {
        switch self {
        case .number, .count: stored(text) != nil
        case .time, .flag: value(text) != nil
        }
    }

    private static func plain(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }) else { return nil }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }
}
