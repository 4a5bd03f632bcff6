import JSON
import Testing

@Suite struct JSONSyntaxErrorTests {
    @Test(arguments: [
        (#"{"a":1,}"#, #"trailing comma before "}"; remove it (at byte 6)"#),
        (
            #"{"loss":1,"loss":2}"#,
            #"the name "loss" appears twice in one object; send it once (at byte 10)"#
        ),
        ("[NaN]", #"bare NaN is not JSON here; send null or the string "NaN" (at byte 1)"#),
        ("", "the document is empty; send one JSON value (at byte 0)"),
    ])
    func theDescriptionSaysFaultCureAndOffset(_ text: String, _ description: String) {
        let fault = #expect(throws: JSONSyntaxError.self) { try JSONValue.parse(text) }
        #expect(fault?.description == description)
    }
}
