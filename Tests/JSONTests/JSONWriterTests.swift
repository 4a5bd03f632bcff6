import JSON
import Testing

@Suite struct JSONWriterTests {
    /// Files that tfruns wrote, and the nested layouts of jsonlite.
    static let files = [
        """
        {
          "loss": 0.0871234567890123,
          "acc": 0.9712
        }

        """,
        """
        {
          "learning_rate": 0.001,
          "batch_size": 128,
          "optimizer": "adam",
          "augment": false
        }

        """,
        """
        {
          "loss": [0.423, 0.201, null, null, null],
          "acc": [0.873, 0.942, null, null, null]
        }

        """,
        #"""
        {
          "message": "loss is not finite at step 2",
          "traceback": ["stop(\"loss is not finite at step 2\")", "check(loss)", "train(model)"]
        }

        """#,
        """
        {
          "opt": {
            "lr": 0.1,
            "none": {},
            "nothing": []
          },
          "layers": [
            {
              "units": 64
            },
            {
              "units": 10
            }
          ],
          "kernel": [
            [1, 2],
            [3, 4]
          ]
        }

        """,
        "{}\n", "[]\n", "[1, \"a\", true, null]\n", "\"text\"\n",
    ]

    @Test(arguments: files)
    func prettyIsByteForByteWhatTfrunsWrites(_ file: String) throws {
        #expect(String(decoding: JSONWriter.pretty(try JSONValue.parse(file)), as: UTF8.self) == file)
    }

    @Test func compactHasNoWhiteSpace() throws {
        let value = try JSONValue.parse(#" { "a" : 1 , "b" : [ 1 , 2.50 , { } , [ ] ] , "c" : "x y" } "#)
        let compact = String(decoding: JSONWriter.compact(value), as: UTF8.self)
        #expect(compact == #"{"a":1,"b":[1,2.50,{},[]],"c":"x y"}"#)
    }

    @Test func nonFiniteNumbersAreWrittenAsStrings() throws {
        let value = try JSONValue.parse("[NaN, Infinity, -Inf]", nonFinite: .allowed)
        #expect(String(decoding: JSONWriter.compact(value), as: UTF8.self) == #"["NaN","Inf","-Inf"]"#)
        #expect(String(decoding: JSONWriter.pretty(value), as: UTF8.self) == "[\"NaN\", \"Inf\", \"-Inf\"]\n")
    }

    @Test(arguments: [
        ("", #""""#), ("plain é 😀 /", #""plain é 😀 /""#), ("\"\\", #""\"\\""#), ("\n\t\r\u{8}\u{C}", #""\n\t\r\b\f""#),
        ("a\u{0}b\u{1F}\u{7F}", "\"a\\u0000b\\u001f\u{7F}\""), ("\u{2028}", "\"\u{2028}\""),
    ])
    func onlyQuotesBackslashesAndControlsAreEscaped(_ text: String, _ written: String) throws {
        var output: [UInt8] = []
        JSONWriter.append(string: text, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == written)
        var raw: [UInt8] = []
        Array(text.utf8).withUnsafeBytes { JSONWriter.append(stringUTF8: $0, to: &raw) }
        #expect(raw == output)
        #expect(try JSONValue.parse(output) == .string(text))
    }
}
