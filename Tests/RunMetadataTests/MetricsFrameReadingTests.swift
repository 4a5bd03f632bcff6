import JSON
import Limits
import RunMetadata
import Testing

@Suite struct MetricsFrameReadingTests {
    /// Frames as they are stored, by anyone: rows are as they stand, and one odd column hides nothing.
    @Test(arguments: [
        (#"{"loss":[0.42,0.20,null],"acc":[0.5,null,null]}"#, #"{"loss":[0.42,0.20,null],"acc":[0.5,null,null]}"#),
        (
            #"{"loss":[NaN,Infinity,-Infinity,"NaN","Inf","-Infinity","NA"]}"#,
            #"{"loss":["NaN","Inf","-Inf","NaN","Inf","-Inf",null]}"#
        ),
        (#"{"epoch":[2,0,1],"loss":[3,1,2]}"#, #"{"epoch":[2,0,1],"loss":[3,1,2]}"#),
        (#"{"step":[7,7],"loss":[1,2]}"#, #"{"step":[7,7],"loss":[1,2]}"#),
        (#"{"loss":[null]}"#, #"{"loss":[null]}"#),
        (#"{"a":[1.10e1]}"#, #"{"a":[1.10e1]}"#),
        (
            #"{"loss":[1,2],"_row":["a","b\n"],"ok":[true,null],"day":["2026-11-01","x"]}"#,
            #"{"loss":[1,2],"_row":["a","b\n"],"ok":[true,null],"day":["2026-11-01","x"]}"#
        ),
        (#"{"loss":0.5,"acc":[1]}"#, #"{"loss":[0.5],"acc":[1]}"#),
        (
            #"{"loss":[1,2,3],"short":[7],"odd":{"a":1}}"#,
            #"{"loss":[1,2,3],"short":[7,null,null],"odd":[null,null,null]}"#
        ),
    ])
    func columnsMakeAFrame(_ columns: String, _ frame: String) throws {
        #expect(try MetricsText.compact(columns: columns) == frame)
    }

    @Test func anOddColumnHasNoLastValue() throws {
        let digest = try MetricsText.withFrame(
            columns: #"{"loss":[1,2],"name":["a","b"],"mixed":[3,"x"],"ok":[true,false]}"#
        ) { $0.digest }
        #expect(digest?.metrics.map { "\($0.name)=\($0.last)" } == ["loss=2", "mixed=3"])
    }
}

@Suite struct MetricsFrameWritingTests {
    @Test func theFileIsLaidOutAsTfrunsWritesIt() {
        let rows = """
            {"loss":0.423,"acc":0.873,"val_loss":0.174,"val_acc":0.949}
            {"loss":0.201,"acc":0.942,"val_loss":0.121,"val_acc":0.964}
            {"loss":null}

            """
        #expect(
            MetricsText.file(rows: rows) == """
                {
                  "loss": [0.423, 0.201, null],
                  "acc": [0.873, 0.942, null],
                  "val_loss": [0.174, 0.121, null],
                  "val_acc": [0.949, 0.964, null]
                }

                """)
    }

    @Test func anEmptyFrameIsAnEmptyObject() {
        #expect(MetricsText.file(rows: "") == "{}\n")
    }

    @Test func namesAreEscapedInTheFile() throws {
        let rows = #"{"a\"b\\\n":1}"# + "\n"
        #expect(MetricsText.file(rows: rows) == "{\n  \"a\\\"b\\\\\\n\": [1]\n}\n")
    }

    @Test func aFrameOfManyPartsIsTheSameText() throws {
        var rows = ""
        for row in 0..<30_000 { rows += "{\"loss\":0.\(row),\"acc\":\(row)}\n" }
        try MetricsText.withFrame(rows: rows) { frame in
            var parts: [[UInt8]] = []
            frame.write { parts.append($0) }
            #expect(parts.count > 2)
            #expect(parts.allSatisfy { $0.count < 72 * 1024 })
            #expect(Array(parts.joined()) == frame.text)
            let value = try JSONValue.parse(frame.text)
            #expect(value["loss"]?.array?.count == 30_000)
            #expect(value["acc"]?.array?.last == 29_999)
        }
    }

    @Test(arguments: [
        (#"{"loss":[1,2],"acc":[3,null]}"#, ["{\"loss\":1,\"acc\":3}", "{\"loss\":2,\"acc\":null}"]),
        (#"{"loss":[1,null,null],"acc":[3,4,null]}"#, ["{\"loss\":1,\"acc\":3}", "{\"loss\":null,\"acc\":4}"]),
        (#"{"loss":[null,1]}"#, ["{\"loss\":null}", "{\"loss\":1}"]),
        (#"{"loss":[null,null]}"#, []),
        (
            #"{"epoch":[1,0],"loss":[2,1]}"#,
            ["{\"_frame\":0,\"epoch\":1,\"loss\":2}", "{\"_frame\":1,\"epoch\":0,\"loss\":1}"]
        ),
        (#"{"loss":[NaN,"-Inf"]}"#, ["{\"loss\":\"NaN\"}", "{\"loss\":\"-Inf\"}"]),
        (#"{"epoch":[0,1],"loss":[1,null]}"#, ["{\"epoch\":0,\"loss\":1}", "{\"epoch\":1,\"loss\":null}"]),
    ])
    func aFrameBecomesRowsWithoutTheEpochsToCome(_ columns: String, _ rows: [String]) throws {
        #expect(try MetricsText.rows(columns: columns) == rows.map { $0 + "\n" }.joined())
    }

    @Test(arguments: [
        #"{"loss":[1,2,3],"acc":[3,null,"NaN"]}"#, #"{"epoch":[0,4,9],"loss":[1,null,"Inf"]}"#,
        #"{"step":[-2,0],"epoch":[0,0],"a":[1,2]}"#, #"{"epoch":[1,1,2,2],"batch":[1,2,1,2],"loss":[4,3,2,1]}"#,
        #"{"epoch":[3,1,2],"loss":[1,2,3]}"#, #"{"step":[1,null],"epoch":[1,1],"loss":[1,2]}"#,
        #"{"loss":[1,2],"note":["a","b"]}"#,
    ])
    func theRowsOfAFrameMakeTheFrameAgain(_ columns: String) throws {
        #expect(try MetricsText.compact(rows: MetricsText.rows(columns: columns)) == columns)
    }

    /// Seeding rows from a frame must not change it.
    @Test func aFrameWithAMissingStepIsTheSameWhenItBecomesRows() throws {
        let columns = #"{"step":[3,null],"epoch":[0,3],"loss":[1,2]}"#
        let frame = try MetricsText.compact(columns: columns)
        #expect(try MetricsText.compact(rows: MetricsText.rows(columns: columns)) == frame)
    }

    /// Each row has the names of all columns: of a short text they may be more than memory holds.
    @Test func aFrameWhoseRowsWouldBeTooLongHasNone() throws {
        let name = String(repeating: "n", count: 1000)
        let columns = "{\"\(name)\":[\(repeatElement("1", count: 2000).joined(separator: ","))]}"
        #expect(throws: LimitExceeded.self) { try MetricsText.rows(columns: columns) }
        let few = "{\"\(name)\":[1,2]}"
        #expect(try MetricsText.rows(columns: few) == "{\"\(name)\":1}\n{\"\(name)\":2}\n")
    }
}
