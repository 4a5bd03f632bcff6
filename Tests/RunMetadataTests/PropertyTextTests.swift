import JSON
import RunMetadata
import Testing

@Suite struct PropertyTextTests {
    @Test(arguments: [
        ("null", nil), ("true", "TRUE"), ("false", "FALSE"), ("0.10", "0.10"), ("1e3", "1e3"),
        ("12345678901234567890", "12345678901234567890"), ("\"text\"", "text"), ("\"\"", ""),
        (#""two\nlines""#, "two\nlines"),
        (#"["a","b"]"#, "a\nb"), ("[]", ""), (#"[true,1.0,null,"x"]"#, "TRUE\n1.0\nNA\nx"),
        (#"{"b":1,"a":[2, 3]}"#, #"{"b":1,"a":[2,3]}"#),
        (#"[{"a":1},[1,2]]"#, "{\"a\":1}\n1\n2"), ("{}", "{}"),
    ])
    func aValueIsStoredAsText(_ json: String, _ text: String?) throws {
        #expect(PropertyText.text(of: try JSONValue.parse(json)) == text)
    }

    @Test(arguments: ["", "text", "two\nlines", "ends\n", "\n", "é"])
    func aTextIsReadBackFromItsFile(_ text: String) {
        #expect(PropertyText.read(PropertyText.file(text)) == text)
        #expect(PropertyText.file(text) == Array((text + "\n").utf8))
    }

    @Test(arguments: ["", "text", "two\nlines", "ends\n", "\r\n", "é"])
    func whatIsTakenForAPathEndsInAnEmptyLine(_ text: String) {
        let file = PropertyText.file(of: .string(text), .metrics)
        #expect(file == Array((text + "\n\n").utf8))
        #expect(PropertyText.read(file ?? [], of: .metrics) == text)
        // As R writes it.
        #expect(PropertyText.read(Array("loss\n".utf8), of: .metrics) == "loss")
        #expect(PropertyText.file(of: [], .metrics) == [])
        #expect(PropertyText.file(of: .string(text), .script) == Array((text + "\n").utf8))
    }

    @Test func aFileWithoutANewlineIsReadToo() {
        #expect(PropertyText.read(Array("text".utf8)) == "text")
        #expect(PropertyText.read([]) == "")
    }

    @Test(arguments: [
        ("TRUE", true), ("true", true), ("yes", true), ("1", true), ("FALSE", false), ("false", false), ("no", false),
        ("0", false), ("True", nil), ("", nil), ("2", nil), ("TRUE ", nil),
    ])
    func aFlagIsOneOfTfrunsWords(_ text: String, _ flag: Bool?) {
        #expect(PropertyText.flag(text) == flag)
    }
}
