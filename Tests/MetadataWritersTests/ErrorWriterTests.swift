import MetadataWriters
import Testing

@Suite struct ErrorWriterTests {
    private let writer = ErrorWriter()

    @Test(
        arguments: [
            (#"{"message":"oom"}"#, "{\n  \"message\": \"oom\"\n}\n"),
            (#"{"message":""}"#, "{\n  \"message\": \"\"\n}\n"),
            (#"{"message":"oom","traceback":null}"#, "{\n  \"message\": \"oom\"\n}\n"),
            (#"{"message":"oom","traceback":"f()"}"#, "{\n  \"message\": \"oom\",\n  \"traceback\": [\"f()\"]\n}\n"),
            (
                #"{"traceback":["f()","g()"],"message":"oom"}"#,
                "{\n  \"message\": \"oom\",\n  \"traceback\": [\"f()\", \"g()\"]\n}\n"
            ),
            (#"{"message":"oom","traceback":[]}"#, "{\n  \"message\": \"oom\",\n  \"traceback\": []\n}\n"),
            (#"{"message":"oom","traceback":{}}"#, "{\n  \"message\": \"oom\"\n}\n"),
            (
                #"{"message":["oom"],"traceback":["f()"]}"#,
                "{\n  \"message\": \"oom\",\n  \"traceback\": [\"f()\"]\n}\n"
            ),
            (
                #"{"code":[137],"message":"oom","info":{"gpu":null},"traceback":null}"#,
                "{\n  \"message\": \"oom\",\n  \"code\": [137],\n  \"info\": {\n    \"gpu\": null\n  }\n}\n"
            ),
        ])
    func errorIsWrittenAndEndsTheRun(body: String, file: String) throws {
        #expect(try changes(writer, json: body) == ["put error.json " + file, "end false"])
    }

    @Test(
        arguments: [
            Refusal("{}", "shape /message", "missing"), Refusal(#"{"traceback":"f()"}"#, "shape /message", "missing"),
            Refusal(#"{"message":null}"#, "shape /message", "not a text"),
            Refusal(#"{"message":7}"#, "shape /message", "not a text"),
            Refusal(#"{"message":["a","b"]}"#, "shape /message", "not a text"),
            Refusal(#"{"message":[]}"#, "shape /message", "not a text"),
            Refusal(#"{"message":{}}"#, "shape /message", "not a text"),
            Refusal(#"{"message":"a","traceback":7}"#, "shape /traceback", "has to be a text or a list of texts"),
            Refusal(#"{"message":"a","traceback":{"a":1}}"#, "shape /traceback", "has to be a text or a list of texts"),
            Refusal(#"{"message":"a","traceback":["f",1]}"#, "shape /traceback/1", "line 2"),
            Refusal(#"["a"]"#, "shape /", "not a named list"), Refusal(#"{"message":NaN}"#, "syntax 11", "bare NaN"),
        ])
    func otherBodiesAreRefused(refusal: Refusal) { refusal.check(writer) }
}
