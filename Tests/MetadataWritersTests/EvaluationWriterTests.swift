import JSON
import MetadataWriters
import RunMetadata
import RunStore
import Testing

@Suite struct EvaluationWriterTests {
    private let writer = EvaluationWriter()

    private static let spellings: [(String, String)] =
        ["NaN", "nan", "-nan", "\"NaN\"", "\"nan\"", "\"-nan\"", "\"NAN\"", "\"+NaN\""].map { ($0, "\"NaN\"") }
        + ["Infinity", "inf", "+INF", "\"Infinity\"", "Inf", "\"Inf\"", "\"inf\"", "\"+inf\"", "\"INF\""].map {
            ($0, "\"Inf\"")
        }
        + ["-Infinity", "-inf", "\"-Infinity\"", "\"-Inf\"", "\"-inf\"", "\"-INFINITY\""].map { ($0, "\"-Inf\"") }

    @Test(
        arguments: spellings + [
            ("0.9712", "0.9712"), ("1.50", "1.50"), ("-0", "-0"), ("1E+400", "1E+400"), ("[0.1]", "0.1"),
            (#"[["NaN"]]"#, "\"NaN\""), ("[1,2.0]", "[1, 2.0]"), (".5", "0.5"), ("+1", "1"),
            ("[nan,.5]", "[\"NaN\", 0.5]"),
        ])
    func numberIsWrittenAsJsonliteDoes(sent: String, written: String) throws {
        #expect(
            try changes(writer, json: "{\"acc\":\(sent)}")
                == ["put evaluation.json {\n  \"acc\": \(written)\n}\n", "remove sent/evaluation.json"])
    }

    @Test(arguments: ["null", "\"NA\"", "[null]", "NA", "None", "\"<NA>\""])
    func missingValueIsKeptAndLeftOutOfWhatTfrunsReads(sent: String) throws {
        #expect(
            try changes(writer, json: "{\"acc\":\(sent),\"loss\":1}")
                == [
                    "put evaluation.json {\n  \"loss\": 1\n}\n",
                    "put sent/evaluation.json {\n  \"acc\": null,\n  \"loss\": 1\n}\n",
                ])
        #expect(try changes(writer, json: "{\"acc\":\(sent)}").first == "put evaluation.json {}\n")
    }

    /// scikit-learn's report, and what XGBoost tells of each round.
    @Test(arguments: [
        (
            #"{"0":{"precision":0.5,"support":3},"accuracy":0.75}"#,
            #"{"0":{"precision":0.5,"support":3},"accuracy":0.75}"#
        ),
        (#"{"validation_0":{"rmse":[0.5,NaN,0.25]}}"#, #"{"validation_0":{"rmse":[0.5,"NaN",0.25]}}"#),
        (#"{"a":[{"b":[1]},{"b":[2]}]}"#, #"{"a":[{"b":1},{"b":2}]}"#),
    ])
    func nestedNumbersAreTaken(sent: String, written: String) throws {
        let file = String(decoding: JSONWriter.pretty(try JSONValue.parse(written)), as: UTF8.self)
        #expect(
            try changes(writer, json: sent) == ["put evaluation.json " + file, "remove sent/evaluation.json"])
    }

    @Test(
        arguments: [
            Refusal(#"{"acc":"n/a"}"#, "shape /acc", "the text \"n/a\""),
            Refusal(#"{"acc":""}"#, "shape /acc", "the text \"\""),
            Refusal(#"{"acc":"0.5"}"#, "shape /acc", "the text \"0.5\""),
            Refusal(#"{"acc":"infinite"}"#, "shape /acc", "text"), Refusal(#"{"acc":"--inf"}"#, "shape /acc", "text"),
            Refusal(#"{"acc":true}"#, "shape /acc", "is true"), Refusal(#"{"acc":[true]}"#, "shape /acc/0", "is true"),
            Refusal(#"{"a":{"b":[1,{"c":"x"}]}}"#, "shape /a/b/1/c", "the text \"x\""),
            Refusal(#"{"a/b~":{"c":false}}"#, "shape /a~1b~0/c", "is false"),
            Refusal(#"{"":1}"#, "shape /", "empty name"), Refusal("[]", "shape /", "not a named list"),
            Refusal(#"{"a":{"b\n":1}}"#, "shape /a/b\n", "control character"),
            Refusal(#"{"a":1"#, "syntax 6", "ends inside"),
        ])
    func whatIsNoNumberIsRefused(refusal: Refusal) { refusal.check(writer) }

    @Test func patchChecksTheMergedNumbers() throws {
        let (_, patch) = try writer.patch(from: Array(#"{"acc":NaN}"#.utf8))
        #expect(
            try patch.render(["acc": .number(.nan), "loss": 1])
                == NamedListFiles(file: Array("{\n  \"acc\": \"NaN\",\n  \"loss\": 1\n}\n".utf8)))
        let (_, text) = try writer.patch(from: Array(#"{"acc":"n/a"}"#.utf8))
        #expect(throws: MetadataFault.self) { try text.render(["acc": "n/a"]) }
    }
}
