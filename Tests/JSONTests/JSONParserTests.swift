import JSON
import Testing

@Suite struct JSONParserTests {
    @Test(arguments: FaultyText.syntax + FaultyText.encoding + FaultyText.names)
    func aFaultIsNamedWithItsOffset(_ faulty: FaultyText) {
        let expected = JSONSyntaxError(offset: faulty.offset, reason: faulty.reason)
        #expect(throws: expected) { try JSONValue.parse(faulty.text, nonFinite: .allowed) }
        #expect(throws: expected) { try JSONValue.parse(faulty.text, nonFinite: .refused) }
    }

    @Test func depth64PassesAnd65FailsAtItsBracket() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: #"[{"a":"#, count: depth / 2) + String(repeating: "[", count: depth % 2)
                + String(repeating: "]", count: depth % 2) + (depth % 2 == 0 ? "1" : "")
                + String(repeating: "}]", count: depth / 2)
        }
        _ = try JSONValue.parse(nested(63))
        _ = try JSONValue.parse(nested(64))
        #expect(throws: JSONSyntaxError(offset: 32 * 6, reason: .tooDeep)) { try JSONValue.parse(nested(65)) }
        let bomb = String(repeating: "[", count: 1_000_000)
        #expect(throws: JSONSyntaxError(offset: 64, reason: .tooDeep)) { try JSONValue.parse(bomb) }
    }

    @Test(arguments: [7, 8, 9, 10, 100, 100_000])
    func aDuplicateAmongManyNamesIsFoundAtItsOffset(_ count: Int) throws {
        let members = (0..<count).map { #""name \#($0)":{"name 1":[{}]}"# }.joined(separator: ",")
        #expect(try JSONValue.parse("{\(members)}").object?.count == count)
        for repeated in [0, count / 2, count - 1] {
            let text = "{\(members),\"name \\u003\(String(repeated).first!)\(String(repeated).dropFirst())\":0}"
            let expected = JSONSyntaxError(
                offset: members.utf8.count + 2, reason: .duplicateName("name \(repeated)"))
            #expect(throws: expected) { try JSONValue.parse(text) }
        }
    }

    @Test func oneNameMayStandInManyObjects() throws {
        let inner = "{" + (0..<20).map { "\"n\($0)\":0" }.joined(separator: ",") + "}"
        let text = "[" + Array(repeating: inner, count: 50).joined(separator: ",") + "]"
        #expect(try JSONValue.parse(text).array?.count == 50)
    }

    @Test(arguments: [
        ("NaN", "NaN"), ("Inf", "Inf"), ("Infinity", "Inf"), ("-Inf", "-Inf"), ("-Infinity", "-Inf"),
    ])
    func bareNonFiniteIsTakenOnlyWhereAllowed(_ sent: String, _ kept: String) throws {
        let text = #"{"a": [1, \#(sent)]}"#
        let value = try JSONValue.parse(text, nonFinite: .allowed)
        #expect(value["a"]?.array?[1].number?.text == kept)
        #expect(throws: JSONSyntaxError(offset: 10, reason: .nonFinite(sent))) { try JSONValue.parse(text) }
    }

    @Test(arguments: ["-NaN", "NaN.5", "NaNe5", "Inf.5", "Inf1e400", "nan", "inf", "Infinit", "+Inf", "NA", "-I"])
    func whatOnlyLooksNonFiniteIsRefused(_ text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue.parse("[\(text)]", nonFinite: .allowed) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue.parse("[1e400,\(text)]", nonFinite: .allowed) }
    }

    @Test func aParserIsReadyAgainAfterAFault() throws {
        let parser = JSONParser()
        for text in ["[1,", #"{"a":1,"a":2}"#, "[[[", #"["\ud800"]"#, "\0"] {
            #expect(throws: JSONSyntaxError.self) {
                try parser.withTokens(of: Array(text.utf8), nonFinite: .refused) { _ in }
            }
            let value = try parser.withTokens(of: Array(#"{"a":["\u0062"]}"#.utf8), nonFinite: .refused) { $0.value() }
            #expect(value == ["a": ["b"]])
        }
    }

    @Test func linesOfNDJSONReportOffsetsInTheWholeText() throws {
        let text = Array("{\"a\":1}\n{\"a\":2}\n{\"a\":3,}\n".utf8)
        let parser = JSONParser()
        var values: [JSONValue] = []
        var start = 0
        let fault = #expect(throws: JSONSyntaxError.self) {
            for line in text.split(separator: UInt8(ascii: "\n")) {
                try line.withUnsafeBytes { bytes in
                    let tokens = try parser.parse(bytes, nonFinite: .allowed, baseOffset: start)
                    #expect(tokens.offset(at: 1) == start + 1)
                    values.append(tokens.value())
                }
                start += line.count + 1
            }
        }
        #expect(values == [["a": 1], ["a": 2]])
        #expect(fault == JSONSyntaxError(offset: 22, reason: .trailingComma(closer: "}")))
    }
}
