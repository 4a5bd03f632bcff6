import HTTPServer
import Limits
import Testing

@Suite struct FormFieldsTests {
    @Test(
        arguments: [
            ("lr=0.1&batch_size=32", ["lr:0.1", "batch_size:32"]),
            ("a=1&a=2", ["a:1", "a:2"]),
            ("a=", ["a:"]),
            ("a", ["a:"]),
            ("=b", [":b"]),
            ("a=b=c", ["a:b=c"]),
            ("&&a=1&", ["a:1"]),
            ("", []),
            ("a+b=c+d", ["a b:c d"]),
            ("a%26b=c%3Dd%2B", ["a&b:c=d+"]),
            ("%C3%A4=%F0%9F%98%80", ["ä:😀"]),
            ("ä=ö", ["ä:ö"]),
            ("a=line%0Abreak", ["a:line\nbreak"]),
        ])
    func fieldsAreDecodedInOrder(body: String, fields: [String]) throws {
        let form = try #require(try FormFields(Array(body.utf8), budget: Budget([])))
        #expect(form.fields.map { "\($0.name):\($0.value)" } == fields)
    }

    @Test(arguments: ["a=%", "%zz=1", "a=%ff", "%c3=1", "a=1&b=%4"])
    func brokenFormIsRefused(body: String) throws {
        #expect(try FormFields(Array(body.utf8), budget: Budget([])) == nil)
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        #expect(try FormFields([97, 61, 0xFF], budget: Budget([])) == nil)
    }

    @Test func moreFieldsThanTheBudgetHasAreRefusedBeforeTheyAreDecoded() throws {
        let budget = { Budget([Limit(.entries, most: 3)]) }
        #expect(try FormFields(Array("a&b&&c&".utf8), budget: budget())?.fields.count == 3)
        #expect(throws: LimitExceeded.self) { try FormFields(Array("a&b&c&%".utf8), budget: budget()) }
    }
}
