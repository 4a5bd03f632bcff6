import JSON
import Testing

@Suite struct JSONPointerTests {
    /// From RFC 6901 section 5.
    @Test(arguments: [
        (["foo"], "/foo"), ([""], "/"), (["a/b"], "/a~1b"), (["c%d"], "/c%d"), (["m~n"], "/m~0n"), ([], ""),
        (["k\"l", " "], "/k\"l/ "), (["~1"], "/~01"), (["é\u{301}~\u{301}"], "/é\u{301}~0\u{301}"),
    ])
    func aNameIsEscaped(_ names: [String], _ description: String) {
        #expect(names.reduce(JSONPointer()) { $0.appending($1) }.description == description)
    }

    @Test func anIndexIsADecimalNumber() {
        #expect(JSONPointer().appending("rows").appending(3).appending("loss").description == "/rows/3/loss")
    }
}
