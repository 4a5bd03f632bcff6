import JSON
import Testing

@Suite struct JSONMergePatchTests {
    /// The table of RFC 7396 appendix A: original, patch, result.
    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
        (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
        (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
        (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
        (#"{"a":"foo"}"#, #"null"#, #"null"#),
        (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
        (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func theExamplesOfTheStandardHold(_ original: String, _ patch: String, _ result: String) throws {
        let merged = try JSONValue.parse(original).merging(patch: JSONValue.parse(patch))
        #expect(String(decoding: JSONWriter.compact(merged), as: UTF8.self) == result)
    }

    @Test func namesKeepTheirPlaceAndNewOnesFollow() throws {
        let original = try JSONValue.parse(#"{"z":1,"y":{"b":1,"a":2},"x":3,"n":null}"#)
        let patch = try JSONValue.parse(#"{"new":4,"x":5.10,"y":{"c":3,"a":9},"z":null,"gone":null}"#)
        let merged = JSONWriter.compact(original.merging(patch: patch))
        #expect(
            String(decoding: merged, as: UTF8.self)
                == #"{"y":{"b":1,"a":9,"c":3},"x":5.10,"n":null,"new":4}"#)
    }
}
