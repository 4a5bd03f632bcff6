import JSON
import Testing

@Suite struct JSONObjectTests {
    @Test(arguments: [3, 16, 17, 18, 1000])
    func orderIsKeptWhateverTheSize(_ count: Int) {
        var object = JSONObject()
        for index in 0..<count { object["n\(index)"] = .number(JSONNumber(index)) }
        object["n1"] = "replaced"
        #expect(object.names == (0..<count).map { "n\($0)" })
        #expect(object["n1"] == "replaced")
        #expect(object["n\(count - 1)"] == .number(JSONNumber(count - 1)))
        #expect(object["missing"] == nil)
    }

    @Test(arguments: [2, 17, 18, 100])
    func removingKeepsTheOthersFindable(_ count: Int) {
        var object = JSONObject((0..<count).map { ("n\($0)", .number(JSONNumber($0))) })
        object["n0"] = nil
        #expect(object["n0"] == nil)
        object["n0"] = "back"
        #expect(object.names == (1..<count).map { "n\($0)" } + ["n0"])
        for index in 1..<count { #expect(object["n\(index)"] == .number(JSONNumber(index))) }
        object.removeAll { $0.name != "n0" }
        #expect(object == ["n0": "back"])
    }

    @Test func equalityLooksAtTheOrder() {
        #expect(JSONObject([("a", 1), ("b", 2)]) != JSONObject([("b", 2), ("a", 1)]))
        #expect(JSONObject([("a", 1), ("b", 2)]) == ["a": 1, "b": 2])
    }

    @Test func namesDifferByScalarsNotByLook() throws {
        let value = try JSONValue.parse(#"{"\u00e9":1,"e\u0301":2}"#)
        #expect(value.object?.count == 2)
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
    }

    @Test func aLargeObjectIsParsedWithoutComparingAllNames() throws {
        let text = "{" + (0..<100_000).map { "\"name\($0)\":\($0)" }.joined(separator: ",") + "}"
        let object = try #require(try JSONValue.parse(text).object)
        #expect(object.count == 100_000)
        #expect(object["name99999"] == 99999)
        #expect(object.merging(patch: object) == object)
    }
}
