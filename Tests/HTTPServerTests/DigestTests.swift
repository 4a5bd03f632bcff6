import Testing

@testable import HTTPServer

@Suite struct DigestTests {
    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The examples of FIPS 180-4 and RFC 1321.
    @Test(arguments: [
        (Digest.Algorithm.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            .sha512, "abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ), (.md5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
    ])
    func digestIsThatOfTheStandard(algorithm: Digest.Algorithm, text: String, expected: String) {
        #expect(Self.hex(Digest.of(Array(text.utf8), algorithm)) == expected)
        let inPieces = Digest(algorithm)
        for byte in text.utf8 { withUnsafeBytes(of: byte) { inPieces.update($0) } }
        #expect(Self.hex(inPieces.finish()) == expected)
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func base64IsThatOfRFC4648(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test(arguments: ["Zg", "Zg=", "Z", "Zm9v!", "Zm9v\n", " Zm9v", "Zm 9v", "Zg==Zg==", "====", "Zm9v\u{e9}"])
    func whatIsNoBase64IsNone(_ text: String) { #expect(Base64.decode(text) == nil) }

    @Test(arguments: [
        ("a=1", ["a"]), ("a=:Zg==:, b=2", ["a", "b"]), ("a=:Zg==:;x=1;y , b", ["a", "b"]), ("", []),
        ("a=(1 2);q, b=\"x, y\"", ["a", "b"]), ("a=1, a=2", ["a"]), ("*a-b.c_1=?1", ["*a-b.c_1"]),
    ])
    func dictionaryIsRead(text: String, names: [String]) throws {
        #expect(try #require(StructuredDictionary(text)).members.map(\.name) == names)
    }

    @Test func itemsAreRead() throws {
        let dictionary = try #require(StructuredDictionary("a=:Zm9v:, b=10, c=x, d, a=:Zg==:"))
        #expect(dictionary.members.map(\.item) == [.bytes(Array("f".utf8)), .integer(10), .other, .other])
    }

    @Test(arguments: [
        "A=1", "a=", "a=:Zg", "a=:Z:", "a,", ",a", "a b", "a=1;", "a=\"x", "a=(1", "1=a", "=", "a=\"\\", "a=((1))",
        "a=(1 (2))",
        "a=1;b=(1)",
    ])
    func whatIsNoDictionaryIsNone(_ text: String) { #expect(StructuredDictionary(text) == nil) }
}
