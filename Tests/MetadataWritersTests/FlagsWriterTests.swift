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
        #expect(try changes(writer, json: body) == ["put flags.json " + file])
    }

    @Test(
        arguments: [
            #"{"a":null,"lr":1}"#, #"{"lr":1,"a":[]}"#, #"{"a":{},"lr":1}"#, #"{"a":{"b":null},"lr":1}"#,
            #"{"a":{"b":{"c":[]},"d":{}},"lr":1}"#,
        ])
    func valuesThatBreakTheListingAreLeftOut(body: String) throws {
        #expect(try changes(writer, json: body) == ["put flags.json {\n  \"lr\": 1\n}\n"])
    }

    @Test func onlyTheEmptyPartOfANestedFlagIsLeftOut() throws {
        let file = "{\n  \"opt\": {\n    \"lr\": 0.1\n  }\n}\n"
        #expect(try changes(writer, json: #"{"opt":{"decay":null,"lr":0.1,"extra":{}}}"#) == ["put flags.json " + file])
    }

    @Test(
        arguments: [
            Refusal("[1]", "shape /", "no named list"), Refusal("1", "shape /", "no named list"),
            Refusal("\"a\"", "shape /", "no named list"), Refusal("null", "shape /", "no named list"),
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

    @Test func patchRendersTheMergedFlagsAsTheFileHoldsThem() throws {
        let (document, patch) = try writer.patch(from: Array(#"{"lr":0.01,"dropout":null}"#.utf8))
        guard case .file(let path) = document, path == .flags else {
            Issue.record("flags.json is patched")
            return
        }
        let merged = try #require(JSONValue.parse(#"{"lr":0.01,"opt":{"decay":null}}"#).object)
        #expect(try patch.render(merged) == Array("{\n  \"lr\": 0.01\n}\n".utf8))
        #expect(patch.object.names == ["lr", "dropout"])
    }
}
