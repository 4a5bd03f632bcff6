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
        // Without a key it is one after the greatest.
        (#"{"epoch":5,"l":1} {"l":2} {"epoch":6,"l":3}"#, #"{"epoch":[5,6],"l":[1,3]}"#),
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
        let found = MetricsText.withFrame(rows: MetricsText.lines(rows)) { frame in
            frame.columns.firstIndex { $0.name == "a" }.flatMap { frame.lastValue(column: $0)?.text }
        }
        #expect(found == last)
    }

    @Test func presentValuesAreCountedByColumn() {
        let rows = "{\"a\":1,\"b\":2}\n{\"a\":null,\"b\":3}\n{\"b\":null}\n{\"a\":\"Inf\"}\n"
        MetricsText.withFrame(rows: rows) { frame in
            #expect(frame.rowCount == 4)
            #expect(frame.presentCount(column: 0) == 2)
            #expect(frame.presentCount(column: 1) == 2)
        }
    }
}
