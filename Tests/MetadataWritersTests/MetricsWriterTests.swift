import MetadataWriters
import Testing

/// Metrics as JSON and NDJSON.
@Suite struct MetricsWriterTests {
    private let writer = MetricsWriter()

    @Test(
        arguments: [
            (#"{"epoch":3,"loss":0.20}"#, "rows 1 {\"epoch\":3,\"loss\":0.20}\n"),
            (#" { "loss" : 1e-7 } "#, "rows 1 {\"loss\":1e-7}\n"),
            (
                #"{"a":NaN,"b":-Infinity,"c":"Inf","d":"-Inf","e":"NA","f":null,"g":"Infinity"}"#,
                "rows 1 {\"a\":\"NaN\",\"b\":\"-Inf\",\"c\":\"Inf\",\"d\":\"-Inf\",\"e\":null,\"f\":null,\"g\":\"Inf\"}\n"
            ),
            (#"{"step":1e3,"epoch":-1,"loss":1}"#, "rows 1 {\"step\":1e3,\"epoch\":-1,\"loss\":1}\n"),
            (#"{"step":null,"loss":1}"#, "rows 1 {\"step\":null,\"loss\":1}\n"),
            (#"{"\u0061\"":1}"#, "rows 1 {\"a\\\"\":1}\n"),
            (#"[{"a":1},{"a":2}]"#, "rows 2 {\"a\":1}\n{\"a\":2}\n"),
        ])
    func objectOfScalarsIsARowAndAnArrayIsRows(body: String, rows: String) throws {
        #expect(try changes(writer, json: body) == [rows])
    }

    @Test(
        arguments: [
            (
                #"{"loss":[0.42,0.20,null],"acc":[1,NaN,"NA"]}"#,
                "{\n  \"loss\": [0.42, 0.20, null],\n  \"acc\": [1, \"NaN\", null]\n}\n"
            ),
            (#"{"loss":["Inf",-Infinity]}"#, "{\n  \"loss\": [\"Inf\", \"-Inf\"]\n}\n"),
            (#"{"epoch":[2,1],"loss":[0.2,0.1]}"#, "{\n  \"epoch\": [1, 2],\n  \"loss\": [0.1, 0.2]\n}\n"),
        ])
    func objectOfArraysIsTheWholeFrame(body: String, frame: String) throws {
        #expect(try changes(writer, json: body) == ["frame " + frame])
    }

    @Test(
        arguments: [
            Refusal("{}", "shape /", "no metric"), Refusal("[]", "shape /", "no row"),
            Refusal("[{}]", "shape /0", "row 1"),
            Refusal("7", "shape /", "a row is an object"),
            Refusal("[1]", "shape /0", "metrics row 1: a row is an object"),
            Refusal(#"{"acc":"n/a"}"#, "shape /acc", "the text \"n/a\""),
            Refusal(#"{"acc":true}"#, "shape /acc", "is true"),
            Refusal(#"{"acc":{"a":1}}"#, "shape /acc", "an object"), Refusal(#"{"":1}"#, "shape /", "empty name"),
            Refusal(
                #"[{"acc":1},{"acc":2},{"acc":"n/a"}]"#, "shape /2/acc", "metrics row 3: \"acc\" is the text \"n/a\""),
            Refusal(#"[{"acc":[1]}]"#, "shape /0/acc", "an array"),
            Refusal(#"{"epoch":1.5,"a":1}"#, "shape /epoch", "1.5; it has to be a whole number"),
            Refusal(#"{"step":"NaN","a":1}"#, "shape /step", "whole number"),
            Refusal(#"{"step":1e30,"a":1}"#, "shape /step", "whole number"),
            Refusal(#"{"loss":[1,2,3],"acc":[1,2]}"#, "shape /acc", "\"acc\" has 2 values, but column \"loss\" has 3"),
            Refusal(#"{"loss":[1],"acc":2}"#, "shape /acc", "no array"),
            Refusal(#"{"acc":2,"loss":[1]}"#, "shape /acc", "no array"),
            Refusal(#"{"loss":[]}"#, "shape /loss", "no row"), Refusal(#"{"loss":[1,"x"]}"#, "shape /loss/1", "row 1"),
            Refusal(#"{"loss":[1],"epoch":[0.5]}"#, "shape /epoch/0", "whole number"),
            Refusal(#"{"":[1]}"#, "shape /", "empty name"),
            Refusal(#"{"loss":[[1]]}"#, "shape /loss/0", "a metric is"),
            Refusal(#"{"a":1,"a":2}"#, "syntax 7", "twice"),
            Refusal(#"{"loss":1,}"#, "syntax 9", "trailing comma"),
        ])
    func otherJSONIsRefused(refusal: Refusal) { refusal.check(writer) }

    @Test(
        arguments: [
            ("{\"a\":1}\n{\"a\":2}\n", 2), ("{\"a\":1}\n{\"a\":2}", 2), ("{\"a\":1}\r\n{\"a\":2}\r\n", 2),
            ("\n\n{\"a\":1}\n \t\r\n\n{\"a\":2}\n\n", 2), ("  {\"a\":1}  ", 1), ("{\"a\":NaN}\n", 1),
        ])
    func linesAreRows(body: String, count: Int) throws {
        let rows = try changes(writer, .ndjson(Array(body.utf8)))
        let expected =
            body.contains("NaN") ? "{\"a\":\"NaN\"}\n" : ["{\"a\":1}\n", "{\"a\":2}\n"].prefix(count).joined()
        #expect(rows == ["rows \(count) \(expected)"])
    }

    @Test(
        arguments: [
            Refusal("{\"a\":1}\n{\"a\":}\n", "syntax 13", "at byte 13"),
            Refusal("{\"a\":1}\r\n\r\n{\"a\":1,}\r\n", "syntax 17", "comma"),
            Refusal("{\"a\":1} {\"a\":2}\n", "syntax 8", "more follows"),
            Refusal("{\"a\":1}\n[1]\n", "shape /1", "metrics row 2"),
            Refusal("{\"a\":1}\n\n\n{\"a\":\"x\"}\n", "shape /1/a", "metrics row 2"),
            Refusal("\n \n", "shape /", "no row"),
            Refusal("", "shape /", "no row"), Refusal("{\"a\":\n1}\n", "syntax 5", "ends inside"),
        ])
    func faultInALineIsPlacedInTheBody(refusal: Refusal) { refusal.check(writer) { .ndjson($0) } }
}
