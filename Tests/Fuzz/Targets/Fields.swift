import HTTPServer
import Limits

/// Values of header fields, and bodies of forms.
func fuzzFields(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    for size in [0, 1, 1000] {
        if case .part(let range) = ByteRange(text, size: size) {
            precondition(range.lowerBound >= 0 && range.upperBound <= size && !range.isEmpty, "a range outside")
        }
    }
    _ = StructuredDictionary(text)
    _ = HTTPDate.seconds(text)
    _ = Base64.decode(text)
    _ = EntityTags(text)?.matches("\"a\"", strongly: false)
    _ = try? FormFields(input, budget: Budget([Limit(.entries, most: 100)]))
}
