import JSON
import MetadataWriters
import RunMetadata
import RunStore
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
        // `toJSON()` makes `{}` of NULL.
        #expect(try changes(writer, json: #"{"p":{}}"#) == ["put properties/p "])
    }

    @Test func nullRemovesAndEachNameIsAFileOfItsOwn() throws {
        #expect(
            try changes(writer, json: #"{"b":1,"note":null,"a b":"x"}"#)
                == ["put properties/b 1\n", "remove properties/note", "put properties/a b x\n"])
        #expect(try changes(writer, json: "{}").isEmpty)
    }

    /// What tfruns' reader takes for more than text is stored as it reads it.
    @Test(
        arguments: [
            ("start", "1795499177.04699", "1795499177.04699"), ("start", #""1795499177""#, "1795499177"),
            ("end", #""2026-11-24T09:30:00Z""#, "1795512600"), ("end", #"["2026-11-24 09:30:00"]"#, "1795512600"),
            ("end", #""2026-11-24T10:30:00.25+01:00""#, "1795512600.25"), ("start", #""2026-11-24""#, "1795478400"),
            ("samples", "48000", "48000"), ("samples", #""1e+05""#, "1e+05"), ("batch_size", "[32]", "32"),
            ("learning_rate", #"".5""#, "0.5"), ("samples", #""NA""#, "NA"), ("samples", #""""#, ""),
            ("steps", "2147483647", "2147483647"),
            ("completed", "true", "TRUE"), ("completed", #""yes""#, "yes"), ("completed", #""False""#, "FALSE"),
            ("completed", "0", "0"),
        ])
    func typedPropertyIsStoredAsTfrunsReadsIt(name: String, value: String, text: String) throws {
        #expect(try changes(writer, json: "{\"\(name)\":\(value)}") == ["put properties/\(name) \(text)\n"])
        let (_, patch) = try writer.patch(from: Array("{\"\(name)\":\(value)}".utf8))
        #expect(patch.object[name].flatMap(PropertyText.text) == text)
    }

    @Test(arguments: ["[]", "{}"])
    func aMissingNumberIsAnEmptyFile(value: String) throws {
        #expect(try changes(writer, json: "{\"samples\":\(value)}") == ["put properties/samples "])
    }

    /// `view_run()` asks whether it is greater than what is done, which R cannot say of NA.
    @Test(arguments: ["[]", "{}", #""NA""#, #""""#, "null"], ["steps", "epochs"])
    func aMissingCountIsNotThere(value: String, name: String) throws {
        #expect(try changes(writer, json: "{\"\(name)\":\(value)}") == ["remove properties/\(name)"])
        let (_, patch) = try writer.patch(from: Array("{\"\(name)\":\(value)}".utf8))
        #expect(patch.object == [name: nil])
    }

    @Test(
        arguments: [
            ("start", #""yesterday""#), ("start", #""""#), ("start", "[]"), ("start", "true"), ("end", #""NaN""#),
            ("end", #""2026-02-29""#), ("end", #""2026-11-24T25:00:00Z""#), ("end", #""2026-11-24T09:30:00 CET""#),
            ("start", "1795499177046"), ("start", "1e999"), ("samples", #""many""#), ("samples", "true"),
            ("epochs", "[1,2]"), ("epochs", "1e999"), ("steps", "2147483648"), ("epochs", "-1e10"),
            ("learning_rate", #"{"a":1}"#), ("completed", #""perhaps""#),
            ("completed", "2"), ("completed", "[]"), ("start", "null"), ("script", "null"),
        ])
    func typedPropertyThatTfrunsCannotReadIsRefused(name: String, value: String) {
        Refusal("{\"ok\":1,\"\(name)\":\(value)}", "shape /\(name)", "properties: \"\(name)\"").check(writer)
        #expect(throws: MetadataFault.self) { try writer.patch(from: Array("{\"\(name)\":\(value)}".utf8)) }
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
            Refusal("[]", "shape /", "not a named list"), Refusal(#"{"a":NaN}"#, "syntax 5", "bare NaN"),
            Refusal(#"{"a":1,"a":1}"#, "syntax 7", "twice"),
        ])
    func otherBodiesAreRefused(refusal: Refusal) { refusal.check(writer) }
}
