import HTTPServer
import Testing

@Suite struct PercentEncodingTests {
    @Test(
        arguments: [
            ("", ""), ("plain", "plain"), ("a%20b", "a b"), ("%C3%A4%c3%a4", "ää"), ("a+b", "a+b"), ("%00", "\0"),
            ("%25%32%35", "%25"),
        ])
    func escapesAreDecodedOnce(text: String, decoded: String) {
        #expect(PercentEncoding.decode(text) == decoded)
    }

    @Test(arguments: ["%", "a%", "%4", "%zz", "%4g", "%g4", "%-1", "%ff", "%c3", "%c3%28", "%ed%a0%80"])
    func brokenEscapesAndBytesThatAreNotUTF8AreRefused(text: String) {
        #expect(PercentEncoding.decode(text) == nil)
    }

    @Test func plusIsASpaceOnlyWhereItIsSaidTo() {
        #expect(PercentEncoding.decode(Array("a+b%2B".utf8), plusIsSpace: true) == Array("a b+".utf8))
        #expect(PercentEncoding.decode(Array("a+b%2B".utf8)) == Array("a+b+".utf8))
    }

    @Test(
        arguments: [
            ("", ""), ("aZ09-._~", "aZ09-._~"), ("a b", "a%20b"), ("ä/", "%C3%A4%2F"), ("100%", "100%25"),
            ("1.5~run+1", "1.5~run%2B1"),
        ])
    func everythingButUnreservedCharactersIsEncoded(text: String, encoded: String) {
        #expect(PercentEncoding.encode(text) == encoded)
        #expect(PercentEncoding.decode(encoded) == text)
    }
}
