import JSON
import MetadataWriters
import RunMetadata
import RunStore
import Testing

@Suite struct FlagsWriterTests {
    private let writer = FlagsWriter()

    @Test(
        arguments: [
            (#"{"lr":0.1,"batch_size":32}"#, "{\n  \"lr\": 0.1,\n  \"batch_size\": 32\n}\n"),
            (#"{}"#, "{}\n"),
            (#"{"b":1,"a":2}"#, "{\n  \"b\": 1,\n  \"a\": 2\n}\n"),
            (
                #"{"lr":1e-3,"n":1.50,"big":12345678901234567890.125}"#,
                "{\n  \"lr\": 1e-3,\n  \"n\": 1.50,\n  \"big\": 12345678901234567890.125\n}\n"
            ),
            (#"{"augment":false,"name":"ä\n\"x\""}"#, "{\n  \"augment\": false,\n  \"name\": \"ä\\n\\\"x\\\"\"\n}\n"),
            (
                #"{"opt":{"name":"adam","lr":0.1}}"#,
                "{\n  \"opt\": {\n    \"name\": \"adam\",\n    \"lr\": 0.1\n  }\n}\n"
            ),
            (#"{"layers":[64,64,1]}"#, "{\n  \"layers\": [64, 64, 1]\n}\n"),
        ])
    func namedListReplacesFlags(body: String, file: String) throws {
        #expect(try changes(writer, json: body) == ["put flags.json " + file, "remove sent/flags.json"])
    }

    /// What `ls_runs()` cannot bear, or would give another name, and what is written instead.
    @Test(
        arguments: [
            (#"{"a":null}"#, "{}"), (#"{"a":[]}"#, "{}"), (#"{"a":{}}"#, "{}"), (#"{"a":{"b":null}}"#, "{}"),
            (#"{"a":[[]]}"#, "{}"), (#"{"a":[{}]}"#, "{}"), (#"{"a":[{"b":[[],{}]}]}"#, "{}"),
            (#"{"a":null,"lr":1}"#, #"{"lr":1}"#), (#"{"a":{"b":{"c":[]},"d":{}},"lr":1}"#, #"{"lr":1}"#),
            (#"{"opt":{"decay":null,"lr":0.1,"extra":{}}}"#, #"{"opt":{"lr":0.1}}"#),
            (#"{"lr":[0.2],"opt":["adam"]}"#, #"{"lr":0.2,"opt":"adam"}"#), (#"{"a":[[[1]]]}"#, #"{"a":1}"#),
            (#"{"classes":["a",null]}"#, #"{"classes":["a","NA"]}"#), (#"{"a":[null]}"#, #"{"a":"NA"}"#),
            (#"{"a":[null,null]}"#, #"{"a":["NA","NA"]}"#), (#"{"a":[[null],2]}"#, #"{"a":["NA",2]}"#),
            (#"{"a":[1,[]]}"#, #"{"a":1}"#), (#"{"a":[{"b":1},{"b":null}]}"#, #"{"a":{"b":1}}"#),
            (#"{"a":[{"b":1,"c":[]},{"b":2}]}"#, #"{"a":[{"b":1},{"b":2}]}"#),
            (#"{"y":[{"z":[null,1]}]}"#, #"{"y":{"z":["NA",1]}}"#),
        ])
    func whatTfrunsCannotReadIsWrittenSoThatItCan(body: String, file: String) throws {
        let (sent, written) = (try JSONValue.parse(body), try JSONValue.parse(file))
        #expect(
            try changes(writer, json: body)
                == [
                    "put flags.json " + String(decoding: JSONWriter.pretty(written), as: UTF8.self),
                    "put sent/flags.json " + String(decoding: JSONWriter.pretty(sent), as: UTF8.self),
                ])
    }

    /// A name that is empty, too long, or has a control character, however deep; the pointer says where.
    @Test(arguments: [
        (#"{"a\u0000b":1}"#, "/a\u{0}b"), (#"{"a":{"b\n":1}}"#, "/a/b\n"),
        (#"{"a":[{"b":[{"\u007f":1}]}]}"#, "/a/0/b/0/\u{7F}"), (#"{"a":{"":1}}"#, "/a/"),
        ("{\"\(String(repeating: "n", count: 256))\":1}", "/" + String(repeating: "n", count: 256)),
        ("{\"a\":{\"\(String(repeating: "n", count: 254))\":1}}", "/a/" + String(repeating: "n", count: 254)),
    ])
    func aNameThatIsNoColumnIsRefused(body: String, pointer: String) {
        Refusal(body, "shape \(pointer)", "flags: ").check(writer)
    }

    @Test(
        arguments: [
            Refusal("[1]", "shape /", "not a named list"), Refusal("1", "shape /", "not a named list"),
            Refusal("\"a\"", "shape /", "not a named list"), Refusal("null", "shape /", "not a named list"),
            Refusal(#"{"":1}"#, "shape /", "empty name"),
            Refusal(#"{"a":1,}"#, "syntax 6", "trailing comma"),
            Refusal(#"{"a":1,"a":2}"#, "syntax 7", "\"a\" appears twice"),
            Refusal(#"{"a":NaN}"#, "syntax 5", "bare NaN"), Refusal(#"{"a":-Infinity}"#, "syntax 5", "bare -Infinity"),
            Refusal(#"{"a":"#, "syntax 5", "ends inside"), Refusal("\u{FEFF}{}", "syntax 0", "byte order mark"),
            Refusal(#"{"a":"\ud800"}"#, "syntax 6", "surrogate"),
            Refusal(String(repeating: "[", count: 65), "syntax 64", "64 levels"),
        ])
    func otherBodiesAreRefused(refusal: Refusal) { refusal.check(writer) }

    @Test func otherFormsAreRefused() {
        Refusal("{}", "contentType", "named list").check(writer) { .ndjson($0) }
        Refusal("a,b", "contentType", "named list").check(writer) { .csv($0) }
    }

    @Test func patchRendersTheMergedFlagsAsTheFilesHoldThem() throws {
        let (document, patch) = try writer.patch(from: Array(#"{"lr":0.01,"dropout":null}"#.utf8))
        guard case .file(let path) = document, path == .flags else {
            Issue.record("flags.json is patched")
            return
        }
        let merged = try #require(JSONValue.parse(#"{"lr":0.01,"opt":{"decay":null}}"#).object)
        #expect(try patch.render(merged) == NamedListFiles(merged))
        #expect(try patch.render(merged).file == Array("{\n  \"lr\": 0.01\n}\n".utf8))
        #expect(patch.object.names == ["lr", "dropout"])
    }
}
