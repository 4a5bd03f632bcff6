import JSON
import RunMetadata
import Testing

@Suite struct MetricsFrameTests {
    /// Rows, and the frame that they make.
    @Test(arguments: [
        // Without keys, each row is the next one.
        (#"{"loss":3} {"loss":2}"#, #"{"loss":[3,2]}"#),
        // Ordered by key, whatever the order of arrival.
        (#"{"epoch":2,"l":3} {"epoch":0,"l":1} {"epoch":1,"l":2}"#, #"{"epoch":[0,1,2],"l":[1,2,3]}"#),
        (#"{"epoch":0,"l":1} {"epoch":-1,"l":2}"#, #"{"epoch":[-1,0],"l":[2,1]}"#),
        // The step comes before the epoch, wherever it stands in the row.
        (#"{"epoch":0,"step":5} {"step":4,"epoch":0}"#, #"{"epoch":[0,0],"step":[4,5]}"#),
        (#"{"step":1,"epoch":9,"a":1} {"step":1,"epoch":8,"a":2}"#, #"{"step":[1],"epoch":[8],"a":[2]}"#),
        // A missing step leaves the epoch as the key.
        (#"{"step":null,"epoch":1,"a":1} {"epoch":1,"a":2}"#, #"{"step":[null],"epoch":[1],"a":[2]}"#),
        // A step and an epoch are never the same row. Once there is a step, it is the axis.
        (#"{"step":1,"a":1} {"epoch":1,"b":2}"#, #"{"step":[1,null],"a":[1,null],"epoch":[null,1],"b":[null,2]}"#),
        (
            #"{"step":1,"l":1} {"step":2,"l":2} {"epoch":1,"v":7} {"step":3,"l":3} {"epoch":1,"w":8} {"step":0,"l":0}"#,
            #"{"step":[0,1,2,null,3],"l":[0,1,2,null,3],"epoch":[null,null,null,1,null],"v":[null,null,null,7,null],"w":[null,null,null,8,null]}"#
        ),
        (
            #"{"epoch":2,"l":2} {"epoch":1,"l":1} {"step":5,"l":3}"#,
            #"{"epoch":[2,1,null],"l":[2,1,3],"step":[null,null,5]}"#
        ),
        // A row without a key is like no other, and stands behind the greatest before it.
        (
            #"{"loss":1} {"step":0,"loss":2} {"loss":3} {"step":1,"loss":4}"#,
            #"{"loss":[1,2,3,4],"step":[null,0,null,1]}"#
        ),
        // An epoch may be a fraction.
        (
            #"{"epoch":0.5,"l":2} {"epoch":0.25,"l":1} {"epoch":5e-1,"v":3} {"epoch":1,"l":4}"#,
            #"{"epoch":[0.25,5e-1,1],"l":[1,2,4],"v":[null,3,null]}"#
        ),
        // What the server keeps for itself is in no frame; rows of a whole frame are told apart by their number alone.
        (#"{"loss":1,"_time":5.000} {"loss":2,"_time":6.000,"a":3}"#, #"{"loss":[1,2],"a":[null,3]}"#),
        (
            #"{"_frame":0,"epoch":1,"l":1} {"_frame":1,"epoch":1,"l":2} {"epoch":1,"l":3}"#,
            #"{"epoch":[1,1,1],"l":[1,2,3]}"#
        ),
        // A key that is there merges, the later value winning.
        (#"{"epoch":0,"l":1} {"epoch":0,"val_l":2}"#, #"{"epoch":[0],"l":[1],"val_l":[2]}"#),
        (#"{"epoch":0,"l":1} {"epoch":1,"l":2} {"epoch":0,"l":9}"#, #"{"epoch":[0,1],"l":[9,2]}"#),
        (#"{"epoch":3,"l":1} {"epoch":3.0,"l":2} {"epoch":30e-1,"l":3}"#, #"{"epoch":[30e-1],"l":[3]}"#),
        // A missing value does not erase.
        (#"{"epoch":0,"l":1} {"epoch":0,"l":null}"#, #"{"epoch":[0],"l":[1]}"#),
        // NaN is a value: it does.
        (#"{"epoch":0,"l":1} {"epoch":0,"l":"NaN"}"#, #"{"epoch":[0],"l":["NaN"]}"#),
        // A metric that appears late is missing before, and one that ends is missing after.
        (#"{"a":1} {"a":2,"b":3} {"c":4}"#, #"{"a":[1,2,null],"b":[null,3,null],"c":[null,null,4]}"#),
        (#"{"epoch":5,"l":1} {"l":2} {"epoch":6,"l":3}"#, #"{"epoch":[5,null,6],"l":[1,2,3]}"#),
        (#"{"epoch":5,"l":1} {"epoch":2,"l":0} {"l":2}"#, #"{"epoch":[2,5,null],"l":[0,1,2]}"#),
        (#"{"epoch":"NaN","l":1} {"l":2}"#, #"{"epoch":["NaN",null],"l":[1,2]}"#),
        // A row in which all is missing is a row all the same.
        (#"{"l":null} {"l":2}"#, #"{"l":[null,2]}"#),
        // Not a number is written as jsonlite does.
        (#"{"l":NaN} {"l":-Infinity} {"l":"Inf"} {"l":"NA"}"#, #"{"l":["NaN","-Inf","Inf",null]}"#),
        // Rows of another order of names land in their columns.
        (#"{"a":1,"b":2} {"b":4,"a":3}"#, #"{"a":[1,3],"b":[2,4]}"#),
        ("", "{}"),
    ])
    func rowsMakeAFrame(_ rows: String, _ frame: String) throws {
        #expect(try MetricsText.compact(rows: MetricsText.lines(rows)) == frame)
    }

    @Test func aLastLineWithoutItsNewlineIsStillBeingWritten() throws {
        #expect(try MetricsText.compact(rows: "{\"a\":1}\n{\"a\":2}") == #"{"a":[1]}"#)
        #expect(try MetricsText.compact(rows: "{\"a\":1}\n{\"a\"") == #"{"a":[1]}"#)
        #expect(try MetricsText.compact(rows: "{\"a\":1}") == "{}")
    }

    @Test(arguments: ["", " ", "nonsense", "[1]", "3", "{\"a\":", "\u{0}\u{0}\u{0}", "null"])
    func aLineThatIsNoRowIsLeftOut(_ line: String) throws {
        #expect(try MetricsText.compact(rows: "{\"a\":1}\n\(line)\n{\"a\":2}\n") == #"{"a":[1,2]}"#)
    }

    @Test func everyNumberKeepsItsLastDigit() throws {
        let digits = "0.1234567890123456789012345678901234567890"
        #expect(try MetricsText.compact(rows: "{\"a\":\(digits)}\n{\"a\":1e-400}\n") == "{\"a\":[\(digits),1e-400]}")
    }

    /// JSON tells the two spellings of é apart (RFC 8259 section 8.3), and a row may hold both.
    @Test func columnsAreToldApartByTheirScalars() throws {
        let rows = "{\"\u{e9}\":1,\"e\u{301}\":2}\n{\"e\u{301}\":4,\"\u{e9}\":3}\n"
        let columns = MetricsText.withFrame(rows: rows) { $0.columns.map { Array($0.name.utf8) } }
        #expect(columns == [Array("\u{e9}".utf8), Array("e\u{301}".utf8)])
    }

    /// A file that something else wrote may hold any key; reading it must not end the server.
    @Test func theRowBehindTheGreatestKeyIsNoTrap() async {
        await #expect(processExitsWith: .success) {
            _ = MetricsText.file(rows: "{\"step\":9223372036854775807}\n{\"loss\":1}\n")
        }
    }

    @Test func tenThousandRowsOutOfOrderComeOutInOrder() throws {
        var rows = ""
        for key in stride(from: 9999, through: 0, by: -1) { rows += "{\"step\":\(key),\"loss\":\(key)}\n" }
        let expected = (0..<10_000).map(String.init).joined(separator: ",")
        #expect(try MetricsText.compact(rows: rows) == "{\"step\":[\(expected)],\"loss\":[\(expected)]}")
    }

    // MARK: Values

    @Test(arguments: [
        (#"{"a":1} {"a":2}"#, "2"),
        (#"{"a":1} {"a":null}"#, "1"),
        (#"{"a":1} {"a":"NaN"}"#, "1"),
        (#"{"a":1} {"a":"Inf"}"#, "Inf"),
        (#"{"a":1} {"b":2}"#, "1"),
        (#"{"a":1.50} {"b":"NaN"}"#, "1.50"),
        (#"{"epoch":1,"a":2} {"epoch":0,"a":1}"#, "2"),
        (#"{"a":"NaN"}"#, nil),
        (#"{"a":null}"#, nil),
    ])
    func theLastValueIsTheLastThatIsNeitherMissingNorNaN(_ rows: String, _ last: String?) throws {
        let digest = MetricsText.withFrame(rows: MetricsText.lines(rows)) { $0.digest }
        #expect(digest?.metrics.first { $0.name == "a" }?.last.text == last)
    }

    /// As tfruns counts: numbers of the last column that is not `epoch`; NaN is none.
    @Test(arguments: [
        (#"{"a":1,"b":2} {"a":null,"b":3} {"b":null} {"a":"Inf"}"#, 2), (#"{"a":1} {"a":"NaN"} {"a":"Inf"}"#, 2),
        (#"{"a":1,"epoch":1} {"epoch":2}"#, 1), (#"{"a":1,"_time":1} {"a":2,"_time":2}"#, 2), (#"{"epoch":1}"#, 0),
        (#"{"step":1,"a":1} {"step":1,"a":"NaN"}"#, 0), (#"{"step":1,"a":"NaN"} {"step":1,"a":2}"#, 1),
    ])
    func numbersOfTheLastColumnAreCounted(_ rows: String, _ count: Int) {
        #expect(MetricsText.withFrame(rows: MetricsText.lines(rows)) { $0.digest?.completed } == count)
    }
}
