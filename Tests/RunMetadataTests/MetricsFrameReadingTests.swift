import JSON
import RunMetadata
import Testing

@Suite struct MetricsFrameReadingTests {
    /// Frames as they are sent, and as they are stored.
    @Test(arguments: [
        (#"{"loss":[0.42,0.20,null],"acc":[0.5,null,null]}"#, #"{"loss":[0.42,0.20,null],"acc":[0.5,null,null]}"#),
        (
            #"{"loss":[NaN,Infinity,-Infinity,"NaN","Inf","-Infinity","NA"]}"#,
            #"{"loss":["NaN","Inf","-Inf","NaN","Inf","-Inf",null]}"#
        ),
        (#"{"epoch":[2,0,1],"loss":[3,1,2]}"#, #"{"epoch":[0,1,2],"loss":[1,2,3]}"#),
        (#"{"step":[7,7],"loss":[1,2]}"#, #"{"step":[7],"loss":[2]}"#),
        (#"{"loss":[1,2],"step":[1,0],"epoch":[5,5]}"#, #"{"loss":[2,1],"step":[0,1],"epoch":[5,5]}"#),
        (#"{"loss":[null]}"#, #"{"loss":[null]}"#),
        (#"{"a":[1.10e1]}"#, #"{"a":[1.10e1]}"#),
    ])
    func columnsMakeAFrame(_ columns: String, _ frame: String) throws {
        #expect(try MetricsText.compact(columns: columns) == frame)
    }

    /// Frames that are none, with the pointer and the words.
    @Test(arguments: [
        (#"{}"#, "", "metrics: the frame has no column"),
        (
            #"{"loss":[]}"#, "/loss",
            "metrics: the frame has no row; send it once there is one, or with null for epochs to come"
        ),
        (
            #"{"loss":[1,2],"acc":[1]}"#, "/acc",
            "metrics: column \"acc\" has 1 values, but column \"loss\" has 2; fill epochs not run yet with null"
        ),
        (
            #"{"loss":[1],"a/b":[]}"#, "/a~1b",
            "metrics: column \"a/b\" has 0 values, but column \"loss\" has 1; fill epochs not run yet with null"
        ),
        (
            #"{"loss":[1],"acc":2}"#, "/acc",
            "metrics: \"acc\" is no array, but other columns are; "
                + "send a whole frame as arrays, or one row as single numbers"
        ),
        (#"{"":[1]}"#, "", "metrics: a column has the empty name; give it one"),
        (#"{"loss":[1,"n/a"]}"#, "/loss/1", "metrics: \"loss\" of row 1 is \"n/a\"; a metric is a number, null or NaN"),
        (#"{"loss":[true]}"#, "/loss/0", "metrics: \"loss\" of row 0 is true; a metric is a number, null or NaN"),
        (#"{"loss":[[1]]}"#, "/loss/0", "metrics: \"loss\" of row 0 is [1]; a metric is a number, null or NaN"),
        (
            #"{"loss":[{"a":1}]}"#, "/loss/0",
            "metrics: \"loss\" of row 0 is {\"a\":1}; a metric is a number, null or NaN"
        ),
        (
            #"{"epoch":[0,1.5],"a":[1,2]}"#, "/epoch/1",
            "metrics: \"epoch\" of row 1 is 1.5; it has to be a whole number"
        ),
        (#"{"a":[1],"step":["x"]}"#, "/step/0", "metrics: \"step\" of row 0 is \"x\"; it has to be a whole number"),
        (#"{"step":[NaN]}"#, "/step/0", "metrics: \"step\" of row 0 is NaN; it has to be a whole number"),
    ])
    func aFaultOfShapeIsNamedWithItsPlace(_ columns: String, _ pointer: String, _ detail: String) throws {
        let fault = try #require(throws: MetadataFault.self) { try MetricsText.compact(columns: columns) }
        #expect(fault.detail == detail)
        guard case .shape(let place) = fault.kind else {
            Issue.record("not a fault of shape: \(fault.kind)")
            return
        }
        #expect(place?.description == pointer)
    }

    /// A row sent alone with this epoch is refused; a frame with it has to be too.
    @Test func anEpochThatIsNotWholeIsRefusedBesideAStepToo() {
        #expect(throws: MetadataFault.self) { try MetricsText.compact(columns: #"{"step":[1],"epoch":[1.5]}"#) }
    }

    /// As in rows: `null` and `"NA"` are missing.
    @Test func aKeyThatIsNAIsMissing() throws {
        let columns = #"{"epoch":["NA",null],"loss":[1,2]}"#
        #expect(try MetricsText.compact(columns: columns) == #"{"epoch":[null,null],"loss":[1,2]}"#)
    }

    /// In rows a missing step leaves the epoch as the key, so the frame of columns has to take it likewise.
    @Test func aMissingStepLeavesTheEpochAsTheKeyOfAColumnsRow() throws {
        let columns = #"{"step":[null,null],"epoch":[1,0],"loss":[2,1]}"#
        #expect(try MetricsText.compact(columns: columns) == #"{"step":[null,null],"epoch":[0,1],"loss":[1,2]}"#)
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
        (#"{"epoch":[1,0],"loss":[2,1]}"#, ["{\"epoch\":0,\"loss\":1}", "{\"epoch\":1,\"loss\":2}"]),
        (#"{"loss":[NaN,"-Inf"]}"#, ["{\"loss\":\"NaN\"}", "{\"loss\":\"-Inf\"}"]),
        (#"{"epoch":[0,1],"loss":[1,null]}"#, ["{\"epoch\":0,\"loss\":1}", "{\"epoch\":1,\"loss\":null}"]),
    ])
    func aFrameBecomesRowsWithoutTheEpochsToCome(_ columns: String, _ rows: [String]) throws {
        #expect(try MetricsText.rows(columns: columns) == rows.map { $0 + "\n" }.joined())
    }

    @Test(arguments: [
        #"{"loss":[1,2,3],"acc":[3,null,"NaN"]}"#, #"{"epoch":[0,4,9],"loss":[1,null,"Inf"]}"#,
        #"{"step":[-2,0],"epoch":[0,0],"a":[1,2]}"#,
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
}
