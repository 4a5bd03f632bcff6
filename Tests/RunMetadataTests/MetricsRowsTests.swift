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
        ("\"nan\"", "\"NaN\""), ("\"-nan\"", "\"NaN\""), ("\"+Inf\"", "\"Inf\""), ("\"INFINITY\"", "\"Inf\""),
        ("\"None\"", "null"), ("\"<NA>\"", "null"), ("\"missing\"", "null"), ("[0.5]", "0.5"),
        ("\"NaN32\"", "\"NaN\""), ("\"-Inf16\"", "\"-Inf\""), ("\"Inf32\"", "\"Inf\""), ("\"nan(0x8000)\"", "\"NaN\""),
        ("\"-nan(ind)\"", "\"NaN\""), ("\"NA_real_\"", "null"), ("\"NA_integer_\"", "null"), ("\"nothing\"", "null"),
    ])
    func notANumberIsAValueHoweverItIsWritten(_ sent: String, _ written: String) throws {
        #expect(try MetricsText.row("{\"loss\":\(sent)}") == "{\"loss\":\(written)}\n")
    }

    @Test(arguments: [
        ("\"n/a\"", "the text \"n/a\""), ("\"\"", "the text \"\""), ("\"nano\"", "the text \"nano\""),
        ("\"0.5\"", "the text \"0.5\""), ("true", "true"), ("false", "false"), ("[1,2]", "an array"),
        ("[]", "an array"),
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
        ("1.5", "it has to be a whole number"), ("1e-1", "it has to be a whole number"),
        ("NaN", "it has to be a whole number"), ("\"-Inf\"", "it has to be a whole number"),
        ("1e300", "a step is from -9223372036854775808 to 9223372036854775807"),
        ("9223372036854775808", "a step is from -9223372036854775808 to 9223372036854775807"),
    ])
    func aStepThatIsNoWholeNumberOf64BitsIsRefused(_ sent: String, _ cure: String) {
        let fault = MetadataFault.shape(JSONPointer().appending("step"), "metrics: \"step\" is \(sent); \(cure)")
        #expect(throws: fault) { try MetricsText.row("{\"loss\":1,\"step\":\(sent)}") }
    }

    @Test(arguments: ["NaN", "\"Inf\"", "1e300"])
    func anEpochIsAnythingBesideAStepAndANumberWithoutOne(_ sent: String) throws {
        #expect(throws: MetadataFault.self) { try MetricsText.row("{\"epoch\":\(sent),\"loss\":1}") }
        #expect(throws: MetadataFault.self) { try MetricsText.row("{\"epoch\":\(sent),\"step\":null,\"loss\":1}") }
        #expect(try MetricsText.row("{\"epoch\":\(sent),\"loss\":1,\"step\":3}").contains("\"step\":3"))
    }

    /// As Hugging Face's Trainer sends it.
    @Test func anEpochMayBeAFraction() throws {
        #expect(
            try MetricsText.row(#"{"epoch":0.05,"loss":2.71,"step":10}"#)
                == "{\"epoch\":0.05,\"loss\":2.71,\"step\":10}\n")
        #expect(try MetricsText.row(#"{"epoch":0.05}"#) == "{\"epoch\":0.05}\n")
    }

    @Test func objectsAreFlattenedAndArraysOfOneAreTheirElement() throws {
        let row = try MetricsText.row(#"{"epoch":[1],"train":{"loss":[0.5],"top":{"k\u0031":2}}}"#)
        #expect(row == "{\"epoch\":1,\"train.loss\":0.5,\"train.top.k1\":2}\n")
        #expect(throws: MetadataFault.self) { try MetricsText.row(#"{"a.b":1,"a":{"b":2}}"#) }
        #expect(throws: MetadataFault.self) { try MetricsText.row(#"{"a":{"":2}}"#) }
        #expect(throws: MetadataFault.self) { try MetricsText.row(#"{"a":{}}"#) }
    }

    @Test func whatIsTheServersOwnIsRefused() throws {
        #expect(throws: MetadataFault.self) { try MetricsText.row(#"{"_frame":1,"loss":2}"#) }
        #expect(try MetricsText.row(#"{"_time":1.5,"loss":2}"#) == "{\"_time\":1.5,\"loss\":2}\n")
        #expect(throws: MetadataFault.self) { try MetricsText.row(#"{"_time":"NaN","loss":2}"#) }
    }

    @Test func rowsAreCounted() throws {
        var rows = MetricsRows()
        #expect(rows.isEmpty)
        try MetricsText.append(#"{"a":1}"#, to: &rows)
        try MetricsText.append(#"{"a":2}"#, to: &rows)
        #expect(rows.count == 2)
        #expect(String(decoding: rows.bytes, as: UTF8.self) == "{\"a\":1}\n{\"a\":2}\n")
    }

    /// A frame cannot hold a number of a megabyte of digits, so taking it would lose it.
    @Test func aNumberThatNoFrameCanHoldIsRefused() throws {
        let digits = "0." + String(repeating: "1", count: 1 << 20)
        #expect(throws: MetadataFault.self) { _ = try MetricsText.row("{\"loss\":\(digits)}") }
    }
}

@Suite struct MetricsAxisValueTests {
    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-1", -1), ("3.0", 3), ("1e3", 1000), ("1E+3", 1000), ("1.50e1", 15),
        ("-2.0", -2), ("1732831823123456789", 1_732_831_823_123_456_789),
        ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min), ("9223372036854775807.0", Int.max),
        ("1.0000000000000000000000", 1), ("0e99999999999999999999", 0),
    ])
    func aWholeNumberIsItselfHoweverItIsWritten(_ text: String, _ value: Int) {
        #expect(MetricsAxisValue(text) == MetricsAxisValue(whole: value))
    }

    @Test func fractionsStandBetweenWholeNumbers() throws {
        let texts = ["-1.5", "-1", "-0.1", "0", "1e-300", "0.05", "0.1", "1", "1.00000000000000000000001", "1.5", "2"]
        let values = try texts.map { try #require(MetricsAxisValue($0)) }
        #expect(values == values.sorted() && Set(values).count == values.count)
    }

    @Test(arguments: [
        "1e300", "-1e300", "1e99999999999999999999", "9223372036854775808", "NaN", "Inf", "", "x", "1.", "null",
    ])
    func otherTextsAreNone(_ text: String) { #expect(MetricsAxisValue(text) == nil) }
}
