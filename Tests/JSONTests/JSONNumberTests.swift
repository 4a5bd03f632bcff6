import JSON
import Testing

@Suite struct JSONNumberTests {
    @Test(arguments: [
        "0", "-0", "0.10", "3.141592653589793238462643383279502884197", "12345678901234567890123456789", "1e400",
        "-1E+400", "0e999", "1e-400", "1.0", "100000000000000000000000.000", "1" + String(repeating: "0", count: 400),
    ])
    func textIsKeptToTheLastDigit(_ text: String) throws {
        #expect(try JSONValue.parse(text).number?.text == text)
        #expect(JSONNumber(text)?.text == text)
        #expect(JSONWriter.compact(try JSONValue.parse("[\(text), \(text)]")) == Array("[\(text),\(text)]".utf8))
    }

    @Test(arguments: ["", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "1 ", " 1", "nan", "-NaN", "1_0", "１"])
    func textThatIsNoNumberIsRefused(_ text: String) {
        #expect(JSONNumber(text) == nil)
    }

    @Test(arguments: [
        ("3", 3), ("-7", -7), ("3.0", 3), ("1e3", 1000), ("1.50e1", 15), ("-0", 0), ("0e999999999999999999999", 0),
        ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min), ("1200e-2", 12), ("0.0", 0),
    ])
    func aWholeNumberHasItsInt(_ text: String, _ int: Int) {
        #expect(JSONNumber(text)?.isWhole == true)
        #expect(JSONNumber(text)?.int == int)
    }

    @Test(arguments: [
        ("0.5", false), ("1e-1", false), ("1.01e1", false), ("9223372036854775808", true), ("1e99", true),
        ("1e99999999999999999999", true), ("1e-99999999999999999999", false), ("NaN", false), ("Inf", false),
    ])
    func whatDoesNotFitHasNoInt(_ text: String, _ isWhole: Bool) {
        #expect(JSONNumber(text)?.isWhole == isWhole)
        #expect(JSONNumber(text)?.int == nil)
    }

    @Test(arguments: [
        (0.1, "0.1"), (3, "3"), (-12, "-12"), (-0.0, "-0.0"), (1e-5, "1e-05"), (.infinity, "Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (0x1p53, "9007199254740992.0"), (1e300, "1e+300"),
    ])
    func aDoubleHasTheShortestText(_ double: Double, _ text: String) {
        let number = JSONNumber(double)
        #expect(number.text == text)
        #expect(number.double == double || double.isNaN && number.double.isNaN)
        #expect(number.isFinite == double.isFinite)
        #expect(JSONNumber(text) == number)
    }
}
