import JSON
import RunMetadata
import Testing

@Suite struct MetricsRowsTests {
    @Test(arguments: [
        (#"{"loss":0.42}"#, #"{"loss":0.42}"#),
        (#" { "epoch" : 0 , "loss" : 0.42 } "#, #"{"epoch":0,"loss":0.42}"#),
        (#"{"b":1,"a":2}"#, #"{"b":1,"a":2}"#),
        (#"{"loss":0.10000000000000000000001}"#, #"{"loss":0.10000000000000000000001}"#),
        (#"{"loss":1E-400,"acc":-0.0}"#, #"{"loss":1E-400,"acc":-0.0}"#),
        (#"{"loss":null}"#, #"{"loss":null}"#),
        (#"{"a\"b\\c":1}"#, #"{"a\"b\\c":1}"#),
        (#"{"\u0061\u00e9":1}"#, #"{"aé":1}"#),
        (#"{"名前":1}"#, #"{"名前":1}"#),
    ])
    func aRowIsOneCompactLineWithItsDigitsAndOrder(_ json: String, _ line: String) throws {
        #expect(try MetricsText.row(json) == line + "\n")
    }

    @Test(arguments: [
        ("NaN", "\"NaN\""), ("\"NaN\"", "\"NaN\""),
        ("Inf", "\"Inf\""), ("Infinity", "\"Inf\""), ("\"Inf\"", "\"Inf\""), ("\"Infinity\"", "\"Inf\""),
        ("-Inf", "\"-Inf\""), ("-Infinity", "\"-Inf\""), ("\"-Inf\"", "\"-Inf\""), ("\"-Infinity\"", "\"-Inf\""),
        ("null", "null"), ("\"NA\"", "null"), (#""\u004eaN""#, "\"NaN\""),
    ])
    func notANumberIsAValueHoweverItIsWritten(_ sent: String, _ written: String) throws {
        #expect(try MetricsText.row("{\"loss\":\(sent)}") == "{\"loss\":\(written)}\n")
    }

    @Test(arguments: [
        ("\"n/a\"", "the text \"n/a\""), ("\"\"", "the text \"\""), ("\"nan\"", "the text \"nan\""),
        ("\"+Inf\"", "the text \"+Inf\""), ("\"0.5\"", "the text \"0.5\""), ("true", "true"), ("false", "false"),
        ("[1]", "an array"), ("[]", "an array"), ("{\"a\":1}", "an object"), ("{}", "an object"),
    ])
    func aMetricThatIsNoneIsNamedWithItsPlaceAndTheCure(_ sent: String, _ found: String) {
        let pointer = JSONPointer().appending(2).appending("acc")
        let fault = MetadataFault.shape(
            pointer, "metrics row 3: \"acc\" is \(found); a metric is a number, null or NaN")
        #expect(throws: fault) {
            try MetricsText.row(
                "{\"loss\":1,\"acc\":\(sent)}", row: 3, pointer: JSONPointer().appending(2))
        }
    }

    @Test func aSingleRowIsNamedWithoutANumber() {
        let fault = MetadataFault.shape(
            JSONPointer().appending("a/b"), "metrics: \"a/b\" is true; a metric is a number, null or NaN")
        #expect(throws: fault) { try MetricsText.row(#"{"a/b":true}"#) }
    }

    @Test(arguments: ["[]", "1", "null", "\"a\"", "[{}]"])
    func aRowThatIsNoObjectIsRefused(_ json: String) {
        let fault = MetadataFault.shape(
            JSONPointer(), "metrics: a row is an object of metrics, such as {\"epoch\": 0, \"loss\": 0.42}")
        #expect(throws: fault) { try MetricsText.row(json) }
    }

    @Test func aRowWithoutMetricIsRefused() {
        let fault = MetadataFault.shape(
            JSONPointer(), "metrics: the row has no metric; send at least one, such as {\"loss\": 0.42}")
        #expect(throws: fault) { try MetricsText.row("{}") }
    }

    @Test func aMetricWithTheEmptyNameIsRefused() {
        let fault = MetadataFault.shape(JSONPointer(), "metrics: a metric has the empty name; give it one")
        #expect(throws: fault) { try MetricsText.row(#"{"":1}"#) }
    }

    @Test(arguments: ["0", "3", "3.0", "1e3", "-1", "-0", "1.50e1", "999999999999999999", "null", "\"NA\""])
    func aWholeKeyIsKeptAsItWasSent(_ sent: String) throws {
        for name in ["step", "epoch"] {
            let written = sent == "\"NA\"" ? "null" : sent
            #expect(try MetricsText.row("{\"\(name)\":\(sent)}") == "{\"\(name)\":\(written)}\n")
        }
    }

    @Test(arguments: [
        "1.5", "1e-1", "NaN", "\"NaN\"", "Infinity", "\"-Inf\"", "1e300", "99999999999999999999",
        "-99999999999999999999",
    ])
    func aKeyThatIsNotWholeIsRefused(_ sent: String) {
        for name in ["step", "epoch"] {
            let fault = MetadataFault.shape(
                JSONPointer().appending(name), "metrics: \"\(name)\" is \(sent); it has to be a whole number")
            #expect(throws: fault) { try MetricsText.row("{\"loss\":1,\"\(name)\":\(sent)}") }
        }
    }

    @Test func rowsAreCountedAndJoined() throws {
        var rows = MetricsRows()
        #expect(rows.isEmpty)
        try MetricsText.append(#"{"a":1}"#, to: &rows)
        var more = MetricsRows()
        try MetricsText.append(#"{"a":2}"#, to: &more)
        try MetricsText.append(#"{"a":3}"#, to: &more)
        rows.append(more)
        #expect(rows.count == 3)
        #expect(String(decoding: rows.bytes, as: UTF8.self) == "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n")
    }

    /// A frame cannot hold a number of a megabyte of digits, so taking it would lose it.
    @Test func aNumberThatNoFrameCanHoldIsRefused() throws {
        let digits = "0." + String(repeating: "1", count: 1 << 20)
        #expect(throws: MetadataFault.self) { _ = try MetricsText.row("{\"loss\":\(digits)}") }
    }
}

@Suite struct MetricsKeyTests {
    private func key(_ text: String) -> Int? {
        Array(text.utf8).withUnsafeBytes { MetricsKey.value($0) }
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-1", -1), ("3.0", 3), ("1e3", 1000), ("1E+3", 1000), ("1.50e1", 15),
        ("-2.0", -2),
        ("999999999999999999", 999_999_999_999_999_999), ("-999999999999999999", -999_999_999_999_999_999),
        ("1.0000000000000000000000", 1), ("0e99999999999999999999", 0),
    ])
    func aWholeNumberIsAKeyHoweverItIsWritten(_ text: String, _ value: Int) {
        #expect(key(text) == value)
    }

    @Test(arguments: ["1.5", "-0.1", "1e-1", "1e300", "-1e300", "1e99999999999999999999", "99999999999999999999"])
    func otherNumbersAreNoKeys(_ text: String) {
        #expect(key(text) == nil)
    }

    /// One more than the greatest key has to be a number too.
    @Test(arguments: ["9223372036854775807", "9223372036854775807.0", "-9223372036854775808"])
    func aKeyOfOver18DigitsIsNone(_ text: String) {
        #expect(key(text) == nil)
    }
}
