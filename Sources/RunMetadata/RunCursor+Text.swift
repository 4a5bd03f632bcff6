internal import JSON
internal import Limits

extension RunCursor {
    /// The cursor as text that needs no escape in a URL: JSON in hexadecimal digits.
    package var text: String {
        let fields: JSONValue = [
            .string(order.text), .array(values.map(Self.json)), Self.json(.number(start)), .string(run),
        ]
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in JSONWriter.compact(fields) { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads a cursor for an order.
    /// - Throws: if the text is not a cursor, or is a cursor for another order
    package init(_ text: String, order: RunOrder) throws(RunQueryFault) {
        let fault = RunQueryFault(
            "cursor", "unknown cursor; use the \"next\" of the previous page, unchanged")
        guard let fields = try? JSONValue.parse(Self.bytes(text)).array, fields.count == 4,
            let orderText = fields[0].string, let values = fields[1].array, let start = fields[2].number,
            let run = fields[3].string
        else { throw fault }
        guard orderText == order.text, values.count == order.keys.count else {
            throw RunQueryFault(
                "cursor",
                "cursor belongs to the order \"\(orderText.shown(atMost: 100))\"; send it with the same parameters as the previous page"
            )
        }
        self.init(order: order, values: values.map { RunValue($0) }, start: start.double, run: run)
    }

    private static func json(_ value: RunValue) -> JSONValue {
        switch value {
        case .missing: .null
        case .flag(let flag): .bool(flag)
        // An infinity is written as a number beyond the range of a Double, which reads back as an infinity.
        case .number(let number):
            number.isNaN
                ? .null : .number(JSONNumber(number.isFinite ? "\(number)" : number < 0 ? "-1e999" : "1e999") ?? 0)
        case .text(let text): .string(text)
        }
    }

    /// The bytes of hexadecimal digits; other characters count as 0.
    private static func bytes(_ text: String) -> [UInt8] {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue ?? 0 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
