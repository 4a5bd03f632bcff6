internal import Glibc
package import JSON

/// The values of a metric: a number, NaN or an infinity, or missing.
///
/// Non-finite numbers are valid: they come bare or quoted, in any spelling of printf, Python, R, Julia or pandas, and
/// are written as jsonlite does (`"NaN"`, `"Inf"`, `"-Inf"`). `null` and those programs' spellings of a missing value
/// are missing.
package enum MetricValue {
    /// The JSON text of a metric: a number as it was sent, a quoted non-finite number, or `null`.
    /// - Returns: nil if the token is not a metric
    package static func text(of token: Int, in tokens: JSONTokens) -> MetricText? {
        switch tokens.kind(at: token) {
        case .number: .sent(tokens.text(at: token))
        case .nonFinite, .string: named(tokens.text(at: token))
        case .null: .missing
        default: nil
        }
    }

    /// The metric that a text names: NaN or an infinity in any case, with or without a sign; or a missing value, as R
    /// (`NA`, `NA_real_`, `NA_integer_`), JSON (`null`), Python (`None`), pandas (`<NA>`) and Julia (`missing`,
    /// `nothing`) write it.
    package static func named(_ text: UnsafeRawBufferPointer) -> MetricText? {
        guard text.count >= 2, text.count <= 24 else { return nil }
        let word = String(decoding: text, as: UTF8.self).lowercased()
        switch word {
        case "na", "na_real_", "na_integer_", "null", "none", "<na>", "missing", "nothing": return .missing
        default: return NonFinite(word: word).map { .nonFinite($0) }
        }
    }
}

extension MetricValue {
    /// Parses JSON. If the text is not JSON, bare numbers and words as programs print them are converted, and it is
    /// parsed again.
    /// - Throws: the fault of the original text
    package static func document(_ text: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        do throws(JSONSyntaxError) { return try JSONValue.parse(text, nonFinite: .allowed) } catch {
            guard let mended = mended(text), let value = try? JSONValue.parse(mended, nonFinite: .allowed) else {
                throw error
            }
            return value
        }
    }

    /// The JSON text of a number as programs print it, if that is not JSON already: `.5`, `5.`, `+1`, `007`, Julia's
    /// `1f-5`, with white space around it. Nil if it is not a number.
    package static func number(_ text: String) -> JSONNumber? {
        if let number = JSONNumber(text) { return number.isFinite ? number : nil }
        var digits = Substring(text.trimmingPrefix { $0 == " " || $0 == "\t" })
        while let last = digits.last, last == " " || last == "\t" || last == "\r" { digits.removeLast() }
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits.removeFirst() }
        guard let first = digits.first, first.isASCII, first.isNumber || first == "." else { return nil }
        var whole = digits.prefix { $0.isASCII && $0.isNumber }
        digits = digits.dropFirst(whole.count)
        var fraction: Substring = ""
        if digits.first == "." {
            fraction = digits.dropFirst().prefix { $0.isASCII && $0.isNumber }
            digits = digits.dropFirst(fraction.count + 1)
            if whole.isEmpty, fraction.isEmpty { return nil }
        }
        while whole.count > 1, whole.first == "0" { whole.removeFirst() }
        var json = (isNegative ? "-" : "") + (whole.isEmpty ? "0" : whole)
        if !fraction.isEmpty { json += "." + fraction }
        if digits.first == "f" { digits = "e" + digits.dropFirst() }
        return JSONNumber(json + digits).flatMap { $0.isFinite ? $0 : nil }
    }

    /// The text with bare numbers and words, as programs print them (`nan`, `-inf`, `.5`), replaced by JSON that the
    /// parser accepts. Nil if there are none.
    package static func mended(_ text: [UInt8]) -> [UInt8]? {
        var output: [UInt8] = []
        var isMended = false
        var at = 0
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "\"") {
                let start = at
                at += 1
                while at < text.count, text[at] != UInt8(ascii: "\"") { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
                at = min(at + 1, text.count)
                output += text[start..<at]
                continue
            }
            guard isBare(byte) else {
                output.append(byte)
                at += 1
                continue
            }
            let start = at
            while at < text.count, isBare(text[at]) { at += 1 }
            let word = text[start..<at]
            let bare = String(decoding: word, as: UTF8.self)
            if JSONNumber(bare) == nil, bare != "null", bare != "true", bare != "false" {
                if let number = number(bare) {
                    output += Array(number.text.utf8)
                    isMended = true
                    continue
                }
                switch Array(word).withUnsafeBytes({ named($0) }) {
                case .missing: output += "null".utf8
                case .nonFinite(let value): output += value.number.text.utf8
                case .sent, nil:
                    output += word
                    continue
                }
                isMended = true
                continue
            }
            output += word
        }
        return isMended ? output : nil
    }

    /// Whether a byte may be part of a bare word or number.
    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// The JSON text of one metric.
package enum MetricText {
    case sent(UnsafeRawBufferPointer)
    case nonFinite(NonFinite)
    case missing

    /// The value of a missing or non-finite metric; nil for a number of digits.
    var double: Double? {
        switch self {
        case .sent: return nil
        case .missing: return MetricsTable.missing
        case .nonFinite(let value): return value.double
        }
    }

    /// Appends the text.
    package func append(to output: inout [UInt8]) {
        switch self {
        case .sent(let text): output.append(contentsOf: text)
        case .nonFinite(let value):
            value.json.withUTF8Buffer { output.append(contentsOf: $0) }
        case .missing:
            output.append(contentsOf: [UInt8(ascii: "n"), UInt8(ascii: "u"), UInt8(ascii: "l"), UInt8(ascii: "l")])
        }
    }
}
