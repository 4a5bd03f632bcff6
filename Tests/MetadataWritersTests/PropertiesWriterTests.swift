import MetadataWriters
import Testing

@Suite struct PropertiesWriterTests {
    private let writer = PropertiesWriter()

    @Test(
        arguments: [
            ("true", "TRUE"), ("false", "FALSE"), ("48000", "48000"), ("1.50", "1.50"), ("1e3", "1e3"),
            (#""resnet50""#, "resnet50"), (#""""#, ""), (#""two\nlines""#, "two\nlines"), (#""ä😀""#, "ä😀"),
            (#"["cat","dog"]"#, "cat\ndog"), ("[1,true,null]", "1\nTRUE\nNA"),
            (#"{"a":1, "b":[true]}"#, #"{"a":1,"b":[true]}"#), (#"[{"a":1},[2,3]]"#, "{\"a\":1}\n2\n3"),
        ])
    func valueIsStoredAsText(value: String, text: String) throws {
        #expect(try changes(writer, json: "{\"p\":\(value)}") == ["put properties/p \(text)\n"])
    }

    @Test func emptyListIsAnEmptyFileAsRWritesIt() throws {
        #expect(try changes(writer, json: #"{"p":[]}"#) == ["put properties/p "])
    }

    @Test func nullRemovesAndEachNameIsAFileOfItsOwn() throws {
        #expect(
            try changes(writer, json: #"{"b":1,"note":null,"a b":"x"}"#)
                == ["put properties/b 1\n", "remove properties/note", "put properties/a b x\n"])
        #expect(try changes(writer, json: "{}").isEmpty)
    }

    @Test(arguments: [".hidden", "...", "a..b", "ä", "a\\b", " ", String(repeating: "n", count: 255)])
    func nameThatIsASafeFileNameIsTaken(name: String) throws {
        let quoted = name.replacing("\\", with: "\\\\")
        #expect(try changes(writer, json: "{\"\(quoted)\":1}") == ["put properties/\(name) 1\n"])
    }

    @Test(
        arguments: [
            "", ".", "..", "a/b", "/a", "../a", #"a\u0000b"#, #"a\nb"#, #"\u007f"#, #"\u0085"#,
            String(repeating: "n", count: 256), String(repeating: "ä", count: 128),
        ])
    func otherNamesAreRefused(name: String) {
        Refusal("{\"ok\":1,\"\(name)\":1}", "name", "a property name is 1 to 255 bytes").check(writer)
    }

    @Test(
        arguments: [
            Refusal(#"{"a":"x\u0000y"}"#, "shape /a", "NUL"), Refusal(#"{"a":["x","\u0000"]}"#, "shape /a", "NUL"),
            Refusal("[]", "shape /", "no named list"), Refusal(#"{"a":NaN}"#, "syntax 5", "bare NaN"),
            Refusal(#"{"a":1,"a":1}"#, "syntax 7", "twice"),
        ])
    func otherBodiesAreRefused(refusal: Refusal) { refusal.check(writer) }
}
