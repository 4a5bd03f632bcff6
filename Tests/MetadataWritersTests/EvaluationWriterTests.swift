import JSON
import MetadataWriters
import RunMetadata
import RunStore
import Testing

@Suite struct EvaluationWriterTests {
    private let writer = EvaluationWriter()

    @Test(
        arguments: [
            ("0.9712", "0.9712"), ("1.50", "1.50"), ("-0", "-0"), ("1E+400", "1E+400"),
            ("NaN", "\"NaN\""), ("\"NaN\"", "\"NaN\""),
            ("Infinity", "\"Inf\""), ("\"Infinity\"", "\"Inf\""), ("\"Inf\"", "\"Inf\""),
            ("-Infinity", "\"-Inf\""), ("\"-Infinity\"", "\"-Inf\""), ("\"-Inf\"", "\"-Inf\""),
        ])
    func numberIsWrittenAsJsonliteDoes(sent: String, written: String) throws {
        #expect(try changes(writer, json: "{\"acc\":\(sent)}") == ["put evaluation.json {\n  \"acc\": \(written)\n}\n"])
    }

    @Test(arguments: ["null", "\"NA\""])
    func missingValueIsLeftOut(sent: String) throws {
        #expect(
            try changes(writer, json: "{\"acc\":\(sent),\"loss\":1}") == ["put evaluation.json {\n  \"loss\": 1\n}\n"])
        #expect(try changes(writer, json: "{\"acc\":\(sent)}") == ["put evaluation.json {}\n"])
    }

    @Test(
        arguments: [
            Refusal(#"{"acc":"n/a"}"#, "shape /acc", "the text \"n/a\""),
            Refusal(#"{"acc":""}"#, "shape /acc", "the text \"\""),
            Refusal(#"{"acc":"0.5"}"#, "shape /acc", "the text \"0.5\""),
            Refusal(#"{"acc":"nan"}"#, "shape /acc", "text"),
            Refusal(#"{"acc":true}"#, "shape /acc", "is true"), Refusal(#"{"acc":[1]}"#, "shape /acc", "an array"),
            Refusal(#"{"acc":{}}"#, "shape /acc", "an object"), Refusal(#"{"a/b~":{}}"#, "shape /a~1b~0", "an object"),
            Refusal(#"{"":1}"#, "shape /", "empty name"), Refusal("[]", "shape /", "no named list"),
            Refusal(#"{"a":1"#, "syntax 6", "ends inside"), Refusal(#"{"a":nan}"#, "syntax 6", "expected a value"),
        ])
    func whatIsNoNumberIsRefused(refusal: Refusal) { refusal.check(writer) }

    @Test func patchChecksTheMergedNumbers() throws {
        let (_, patch) = try writer.patch(from: Array(#"{"acc":NaN}"#.utf8))
        #expect(
            try patch.render(["acc": .number(.nan), "loss": 1])
                == Array("{\n  \"acc\": \"NaN\",\n  \"loss\": 1\n}\n".utf8))
        let (_, text) = try writer.patch(from: Array(#"{"acc":"n/a"}"#.utf8))
        #expect(throws: MetadataFault.self) { try text.render(["acc": "n/a"]) }
    }
}
