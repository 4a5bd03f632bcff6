import MetadataWriters
import RunMetadata
import RunStore
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
            (#"[{"a":1}]"#, "rows 1 {\"a\":1}\n"),
            (#"{"epoch":[1],"loss":[0.5]}"#, "rows 1 {\"epoch\":1,\"loss\":0.5}\n"),
            (#"{"epoch":[1],"loss":0.5,"acc":[null]}"#, "rows 1 {\"epoch\":1,\"loss\":0.5,\"acc\":null}\n"),
            (#"{"loss":{"0":0.5},"acc":{"0":1}}"#, "rows 1 {\"loss\":0.5,\"acc\":1}\n"),
            (#"{"train":{"loss":1},"val":{"loss":2}}"#, "rows 1 {\"train.loss\":1,\"val.loss\":2}\n"),
            (#"[{"epoch":1,"a":1},{"epoch":2,"a":2}]"#, "rows 2 {\"epoch\":1,\"a\":1}\n{\"epoch\":2,\"a\":2}\n"),
            // Rows of one key that do not contradict each other, and empty ones at the end of those with keys.
            (#"[{"epoch":1,"a":1},{"epoch":1,"b":2}]"#, "rows 2 {\"epoch\":1,\"a\":1}\n{\"epoch\":1,\"b\":2}\n"),
            (#"[{"epoch":1,"a":1},{"epoch":2,"a":2},{},{}]"#, "rows 2 {\"epoch\":1,\"a\":1}\n{\"epoch\":2,\"a\":2}\n"),
            // A chunk of new steps, by column; unsorted, they are rows all the same.
            (#"{"step":[8,9],"loss":[0.2,0.1]}"#, "rows 2 {\"step\":8,\"loss\":0.2}\n{\"step\":9,\"loss\":0.1}\n"),
            (#"{"epoch":[2,1],"loss":[0.2,0.1]}"#, "rows 2 {\"epoch\":2,\"loss\":0.2}\n{\"epoch\":1,\"loss\":0.1}\n"),
            (
                #"{"step":[1,2],"epoch":[0.5,0.5],"loss":[1,2]}"#,
                "rows 2 {\"step\":1,\"epoch\":0.5,\"loss\":1}\n{\"step\":2,\"epoch\":0.5,\"loss\":2}\n"
            ),
            // As programs print numbers.
            (
                #"{"a":nan,"b":-inf,"c":.5,"d":+1,"e":1.,"f":-nan,"g":None}"#,
                "rows 1 {\"a\":\"NaN\",\"b\":\"-Inf\",\"c\":0.5,\"d\":1,\"e\":1,\"f\":\"NaN\",\"g\":null}\n"
            ),
            (
                #"{"a":NaN32,"b":-Inf32,"c":-nan(ind),"d":NA_real_,"e":1.5f-3}"#,
                "rows 1 {\"a\":\"NaN\",\"b\":\"-Inf\",\"c\":\"NaN\",\"d\":null,\"e\":1.5e-3}\n"
            ),
            (#"{"step": 1732831823123456789, "a": 1}"#, "rows 1 {\"step\":1732831823123456789,\"a\":1}\n"),
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
            (
                #"{"epoch":[1,1,2],"batch":[1,2,1],"loss":[3,2,1]}"#,
                "{\n  \"epoch\": [1, 1, 2],\n  \"batch\": [1, 2, 1],\n  \"loss\": [3, 2, 1]\n}\n"
            ),
            (
                #"{"loss":{"0":0.4,"1":0.2},"acc":{"0":1,"1":null}}"#,
                "{\n  \"loss\": [0.4, 0.2],\n  \"acc\": [1, null]\n}\n"
            ),
            (
                #"{"train":{"loss":[1,2]},"val":{"loss":[3,4]}}"#,
                "{\n  \"train.loss\": [1, 2],\n  \"val.loss\": [3, 4]\n}\n"
            ),
            // As jsonlite sends a data frame with NA for the epochs to come.
            (
                #"[{"loss":0.423,"acc":1},{},{}]"#,
                "{\n  \"loss\": [0.423, null, null],\n  \"acc\": [1, null, null]\n}\n"
            ),
        ])
    func objectOfArraysIsTheWholeFrame(body: String, frame: String) throws {
        #expect(try changes(writer, json: body) == ["frame " + frame])
    }

    @Test(arguments: [
        (#"[{"a":1},{"a":2}]"#, "frame or 2 rows {\n  \"a\": [1, 2]\n}\n"),
        (
            #"[{"epoch":1,"batch":1,"a":1},{"epoch":1,"batch":2,"a":2}]"#,
            "frame or none {\n  \"epoch\": [1, 1],\n  \"batch\": [1, 2],\n  \"a\": [1, 2]\n}\n"
        ),
    ])
    func anArrayMayBeTheWholeFrameAgain(body: String, change: String) throws {
        #expect(try changes(writer, json: body) == [change])
    }

    @Test(arguments: [
        #"{"loss":1}"#, #"{"loss":[1]}"#, #"[{"loss":1}]"#, #"{"epoch":[1],"loss":[1]}"#,
        #"{"step":[1,2],"loss":[1,2]}"#,
    ])
    func replacingTakesTheWholeFrame(body: String) throws {
        let request = WriteRequest(query: [("replace", "true")])
        let change = try writer.changes(from: .json(Array(body.utf8)), for: request).map(describe)
        #expect(change.first?.hasPrefix("frame always {\n") == true)
        let wrong = WriteRequest(query: [("replace", "yes")])
        #expect(throws: (any Error).self) { try writer.changes(from: .json(Array(body.utf8)), for: wrong) }
    }

    @Test func rowsHaveTheTimeOfTheirArrival() throws {
        let writer = MetricsWriter { 1_795_929_556.0271 }
        for body in [#"{"loss":1}"#, #"{"loss":[1]}"#, #"{"loss":1,"x":null}"#, #"[{"loss":1}]"#] {
            let change = try writer.changes(from: .json(Array(body.utf8)), for: WriteRequest()).first
            guard case .rows(let rows)? = change else {
                Issue.record("\(body) is no row")
                continue
            }
            #expect(String(decoding: rows.bytes, as: UTF8.self).hasSuffix(",\"_time\":1795929556.027}\n"))
        }
        let own = try writer.changes(from: .json(Array(#"{"_time":5,"loss":1}"#.utf8)), for: WriteRequest())
        #expect(own.map(describe) == ["rows 1 {\"_time\":5,\"loss\":1}\n"])
    }

    @Test(
        arguments: [
            Refusal("{}", "shape /", "no metric"), Refusal("[]", "shape /", "no row"),
            Refusal("[{}]", "shape /0", "row 1"),
            Refusal("7", "shape /", "a row is an object"),
            Refusal("[1]", "shape /0", "metrics row 1: a row is an object"),
            Refusal(#"{"acc":"n/a"}"#, "shape /acc", "the text \"n/a\""),
            Refusal(#"{"acc":true}"#, "shape /acc", "is true"),
            Refusal(#"{"":1}"#, "shape /", "empty name"), Refusal(#"{"a":{"b":"x"}}"#, "shape /b", "the text \"x\""),
            Refusal(
                #"[{"acc":1},{"acc":2},{"acc":"n/a"}]"#, "shape /2/acc", "metrics row 3: \"acc\" is the text \"n/a\""),
            Refusal(#"[{"acc":[1,2]}]"#, "shape /0/acc", "an array"),
            Refusal(#"{"step":1.5,"a":1}"#, "shape /step", "1.5; it has to be a whole number"),
            Refusal(#"{"a":1,"_frame":2}"#, "shape /_frame", "the server's own"),
            Refusal(#"{"a":[1,2],"_frame":[2,3]}"#, "shape /_frame/0", "the server's own"),
            Refusal(#"{"step":"NaN","a":1}"#, "shape /step", "whole number"),
            Refusal(#"{"step":1e30,"a":1}"#, "shape /step", "9223372036854775807"),
            Refusal(#"{"loss":[1,2,3],"acc":[1,2]}"#, "shape /acc", "\"acc\" has 2 values, but column \"loss\" has 3"),
            Refusal(#"{"loss":[1,2],"acc":2}"#, "shape /acc", "not an array"),
            Refusal(#"{"acc":2,"loss":[1,2]}"#, "shape /acc", "not an array"),
            Refusal(#"{"loss":[]}"#, "shape /loss", "no row"), Refusal(#"{"loss":[1,"x"]}"#, "shape /loss/1", "row 1"),
            Refusal(#"{"loss":[1,2],"step":[1,0.5]}"#, "shape /step/1", "whole number"),
            Refusal(#"{"":[1]}"#, "shape /", "empty name"),
            Refusal(#"{"loss":[[1],[2]]}"#, "shape /loss/0", "a metric is"),
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
