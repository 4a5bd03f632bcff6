import HTTPServer
import Testing

@Suite struct RequestPathTests {
    @Test(
        arguments: [
            ("/", []),
            ("/runs", ["runs"]),
            ("/runs/a/metadata/flags", ["runs", "a", "metadata", "flags"]),
            ("/runs/lr-0.1", ["runs", "lr-0.1"]),
            ("/...", ["..."]),
            ("/a..b/.c", ["a..b", ".c"]),
            ("/%41", ["A"]),
            ("/a%20b", ["a b"]),
            ("/a+b", ["a+b"]),
            ("/%c3%a4", ["ä"]),
            ("/ä", ["ä"]),
            ("/%F0%9F%98%80/😀", ["😀", "😀"]),
        ])
    func pathIsSplitAndDecoded(path: String, segments: [String]) throws {
        #expect(try RequestPath(Array(path.utf8)).segments == segments)
    }

    @Test(
        arguments: [
            ("", "does not start"), ("runs", "does not start"), ("*", "does not start"),
            ("//", "empty segment"), ("//runs", "empty segment"), ("/runs//a", "empty segment"),
            ("/runs/", "empty segment"),
            ("/.", "\".\" segment"), ("/..", "\"..\" segment"), ("/runs/../x", "\"..\" segment"),
            ("/%2e", "\".\" segment"), ("/%2E%2e/x", "\"..\" segment"), ("/.%2e", "\"..\" segment"),
            ("/a%00b", "%00"), ("/a%2F%00", "%00"),
            ("/%zz", "two hexadecimal digits"), ("/%", "two hexadecimal digits"), ("/%4", "two hexadecimal digits"),
            ("/%4/a", "two hexadecimal digits"), ("/% 41", "two hexadecimal digits"),
            ("/%ff", "not UTF-8"), ("/%c3", "not UTF-8"), ("/%c0%af", "not UTF-8"), ("/%ed%a0%80", "not UTF-8"),
            ("/%f4%90%80%80", "not UTF-8"),
        ])
    func pathThatCouldMeanTwoThingsIsRefused(path: String, reason: String) {
        let failure = #expect(throws: RequestPath.Failure.self) { _ = try RequestPath(Array(path.utf8)) }
        #expect(failure?.reason.contains(reason) == true, "\(failure?.reason ?? "")")
    }

    @Test(arguments: [
        ("/a%2Fb", "%2F"), ("/%2f", "%2F"), ("/a%5Cb", "%5C"), ("/a%5cb", "%5C"), ("/%25", "%25"), ("/%2541", "%25"),
        ("/%252e%252e", "%25"),
    ])
    func whatIsForFilesNamesIsRefusedInFixedSegments(path: String, escape: String) throws {
        let path = try RequestPath(Array("\(path)/x".utf8))
        let failure = #expect(throws: RequestPath.Failure.self) { try path.requireFixed(1) }
        #expect(failure?.reason == "the path has \(escape) inside a segment")
        try path.requireFixed(0)
    }

    @Test(arguments: [
        ("100%25.txt", ["100%.txt"]), ("a%5Cb", ["a\\b"]), ("a\\b", ["a\\b"]), ("a%252Fb", ["a%2Fb"]),
        ("a%2Fb", ["a", "b"]),
        ("a%2fb/c%2Fd", ["a", "b", "c", "d"]), ("%2525", ["%25"]), ("%252e%252e", ["%2e%2e"]),
        ("...%2F..a", ["...", "..a"]),
    ])
    func pathOfAFileIsDecodedOnce(path: String, names: [String]) throws {
        #expect(try RequestPath(Array("/files/\(path)".utf8)).file(from: 1) == names)
    }

    @Test(arguments: ["a%2F..%2Fb", "%2Fa", "a%2F", "a%2F%2Fb", "%2F", "a%2F.", "..%2Fa", "%2e%2e%2fa", "x/a%2F%2e%2e"])
    func pathOfAFileThatLeadsElsewhereIsRefused(path: String) throws {
        let path = try RequestPath(Array("/files/\(path)".utf8))
        #expect(throws: RequestPath.Failure.self) { try path.file(from: 1) }
    }

    @Test(arguments: [[0x2F, 0xFF], [0x2F, 0xC3], [0x2F, 0xC0, 0xAF], [0x2F, 0xED, 0xA0, 0x80]] as [[UInt8]])
    func plainBytesThatAreNotUTF8AreRefused(path: [UInt8]) {
        let failure = #expect(throws: RequestPath.Failure.self) { _ = try RequestPath(path) }
        #expect(failure?.reason == "the path is not UTF-8")
    }
}
