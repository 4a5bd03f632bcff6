import DirectoryStore
import Glibc
import JSON
import Logging
import MetadataWriters
import RunMetadata
import RunStore
import TestSupport
import Testing

/// The writers folder: what is registered of it, and what is refused.
@Suite struct WriterDescriptionTests {
    private let folder = TemporaryFolder()
    private let runs = TemporaryFolder()

    private static let quiet = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }

    private static func context(_ store: DirectoryRunStore) -> FolderWriter.Context {
        FolderWriter.Context(store: store, scratch: store.scratch, limits: SourceWriter.Limits(bytes: 1 << 20))
    }

    private func load() throws -> [any MetadataWriter] {
        let store = try DirectoryRunStore(runs: runs.path, log: Self.quiet)
        return try WritersFolder.load(folder.path, Self.context(store))
    }

    /// The one writer of a description.
    private func writer(_ description: String, type: String = "thing") throws -> any MetadataWriter {
        folder.write("\(type).json", description)
        return try #require(try load().first)
    }

    private func script(_ name: String) {
        folder.write(name, "#!/bin/sh\n")
        chmod("\(folder.path)/\(name)", 0o755)
    }

    // MARK: Faults

    struct Faulty: Sendable, CustomTestStringConvertible {
        let text: String
        let line: Int
        let reason: String
        init(_ text: String, _ line: Int, _ reason: String) {
            (self.text, self.line, self.reason) = (text, line, reason)
        }
        var testDescription: String { text }
    }

    @Test(arguments: [
        Faulty("{\n  \"store\": \"json\",\n}", 2, "trailing comma"),
        Faulty("[]", 1, "JSON object"),
        Faulty("{}", 1, "without an executable"),
        Faulty("{\"store\": \"sql\"}", 1, "unknown store"),
        Faulty("{\"store\": \"json\"}", 1, "\"path\""),
        Faulty("{\"store\": \"json\",\n \"path\": \"a.json\",\n \"pth\": 1}", 3, "unknown member \"pth\""),
        Faulty("{\"store\": \"json\",\n \"path\": \"../a.json\"}", 2, "not a path"),
        Faulty("{\"store\": \"json\",\n \"path\": \"/a.json\"}", 2, "not a path"),
        Faulty("{\"store\": \"json\",\n \"path\": \"flags.json\"}", 2, "standard type"),
        Faulty("{\"store\": \"json\",\n \"path\": \"sent/x.json\"}", 2, "standard type"),
        Faulty("{\"store\": \"json\",\n \"path\": \"properties/a\"}", 2, "standard type"),
        Faulty("{\"store\": \"file\",\n \"path\": \"{name}.png\"}", 2, "begin with a folder"),
        Faulty("{\"store\": \"file\",\n \"path\": \"a/{na\"}", 2, "without \"}\""),
        Faulty("{\"store\": \"file\",\n \"path\": \"a/{Na}\"}", 2, "not a placeholder"),
        Faulty("{\"store\": \"list\",\n \"path\": \"a/{name}.json\"}", 2, "remove the placeholder"),
        Faulty("{\"store\": \"folder\",\n \"path\": \"a\"}", 2, "unknown member \"path\""),
        Faulty("{\"store\": \"folder\",\n \"content_types\": [\"text/csv\"]}", 2, "cannot be read here"),
        Faulty("{\"store\": \"rows\",\n \"path\": \"a.txt\"}", 2, ".ndjson, .jsonl or .csv"),
        Faulty("{\"store\": \"rows\",\n \"path\": \"a.csv\"}", 2, "\"columns\""),
        Faulty("{\"store\": \"rows\", \"path\": \"a.csv\",\n \"columns\": [\"a\", \"a\"]}", 2, "different names"),
        Faulty(
            "{\"store\": \"json\", \"path\": \"a.json\",\n \"schema\": {\"type\": \"nope\"}}", 2,
            "schema cannot be read"),
        Faulty("{\"store\": \"json\", \"path\": \"a.json\",\n \"max_bytes\": \"big\"}", 2, "whole number from 1"),
        Faulty("{\"store\": \"json\", \"path\": \"a.json\",\n \"description\": 5}", 2, "has to be a text"),
        Faulty("{\"store\": \"file\", \"path\": \"a\",\n \"content_types\": []}", 2, "list of texts"),
        Faulty("{\"store\": \"json\", \"path\": \"a\",\n \"content_types\": [\"text/csv\"]}", 2, "cannot be read here"),
        Faulty("{\"store\": \"file\", \"path\": \"a\",\n \"time_limit\": 5}", 2, "unknown member"),
    ])
    func faultyDescriptionIsToldWithFileLineAndReason(_ faulty: Faulty) throws {
        folder.write("thing.json", faulty.text)
        let faults = try #require(throws: WritersFolder.Faults.self) { _ = try load() }
        #expect(faults.faults.count == 1)
        let text = "\(faults)"
        #expect(text.hasPrefix("thing.json:\(faulty.line): "), "\(text)")
        #expect(text.contains(faulty.reason), "\(text)")
    }

    @Test func everyFaultyFileIsTold() {
        folder.write("one.json", "{")
        folder.write("two.json", "{}")
        folder.write("Three.json", "{}")
        folder.write("four", "#!/bin/sh\n")
        let faults = #expect(throws: WritersFolder.Faults.self) { _ = try load() }
        #expect(faults?.faults.map(\.file).sorted() == ["Three.json", "four", "one.json", "two.json"])
    }

    @Test(arguments: ["1", "\"yes\"", "null"])
    func networkIsTrueOrFalse(value: String) throws {
        script("thing")
        folder.write("thing.json", "{\n\"network\": \(value)}")
        let faults = #expect(throws: WritersFolder.Faults.self) { _ = try load() }
        #expect("\(faults!)".contains("thing.json:2: \"network\" has to be true or false"))
    }

    @Test func settingsOfAnExecutableStoreNothing() throws {
        script("thing")
        folder.write("thing.json", "{\n\"store\": \"json\"}")
        let faults = #expect(throws: WritersFolder.Faults.self) { _ = try load() }
        #expect("\(faults!)".contains("thing.json:2: the type also has an executable"))
    }

    @Test func folderThatIsNotThereIsToldOf() throws {
        let store = try DirectoryRunStore(runs: runs.path, log: Self.quiet)
        #expect(throws: WritersFolder.Faults.self) {
            try WritersFolder.load("\(folder.path)/none", Self.context(store))
        }
    }

    @Test func whatIsNoWriterIsPassedOver() throws {
        folder.write("README.md", "")
        folder.write(".hidden.json", "{")
        folder.write("modules/helper.py", "")
        script("images/run")
        folder.write(
            "images.json", "{\"description\": \"Pictures.\", \"content_types\": [\"image/*\"], \"max_bytes\": 9}")
        let writers = try load()
        #expect(writers.map(\.type.description) == ["images"])
        #expect(writers[0].summary == "Pictures.")
        #expect(writers[0].rawTypes == ["image/*"])
        #expect(writers[0].limit == 9)
    }

    // MARK: What they write

    @Test func documentIsStoredUnderTheNameInTheQuery() throws {
        let writer = try writer(#"{"store": "json", "path": "confusion/{name}.json"}"#)
        let request = WriteRequest(query: [("name", "test set")])
        let changes = try writer.changes(from: .json(Array(#"{"b":1.0,"a":2}"#.utf8)), for: request).map(describe)
        #expect(changes == ["put confusion/test set.json {\n  \"b\": 1.0,\n  \"a\": 2\n}\n"])
    }

    @Test(arguments: [
        [], ["a", "b"], [""], ["../x"], [".x"], ["a/b"], ["a\u{1}"], [String(repeating: "x", count: 300)],
    ])
    func nameThatCannotBeAFilesIsRefused(_ names: [String]) throws {
        let writer = try writer(#"{"store": "json", "path": "confusion/{name}.json"}"#)
        let request = WriteRequest(query: names.map { ("name", $0) })
        let fault = #expect(throws: MetadataFault.self) {
            _ = try writer.changes(from: .json(Array("{}".utf8)), for: request)
        }
        #expect(fault?.kind == .name)
    }

    @Test func documentThatIsNotAsItsSchemaSaysIsRefusedWithItsPlace() throws {
        let writer = try writer(
            #"{"store": "json", "path": "a.json", "schema": {"properties": {"m": {"items": {"type": "integer"}}}}}"#)
        let fault = #expect(throws: MetadataFault.self) { _ = try changes(writer, json: #"{"m": [1, "x"]}"#) }
        #expect(fault?.kind == .shape(JSONPointer().appending("m").appending(1)))
        #expect(try changes(writer, json: #"{"m": [1]}"#).count == 1)
    }

    @Test func rowsBecomeLinesOfJSON() throws {
        let writer = try writer(#"{"store": "rows", "path": "log.ndjson", "schema": {"required": ["a"]}}"#)
        let expected = ["append log.ndjson {\"a\":1.50}\n{\"a\":\"x\",\"b\":null}\n"]
        #expect(try changes(writer, json: #"[{"a": 1.50}, {"a": "x", "b": null}]"#) == expected)
        let lines = Array("{\"a\": 1.50}\n\n{\"a\": \"x\", \"b\": null}\n".utf8)
        #expect(try changes(writer, .ndjson(lines)) == expected)
        let fault = #expect(throws: MetadataFault.self) { _ = try changes(writer, json: #"[{"a": 1}, {"b": 1}]"#) }
        #expect(fault?.kind == .shape(JSONPointer().appending(1)))
    }

    @Test func rowsBecomeLinesOfCSV() throws {
        let writer = try writer(#"{"store": "rows", "path": "log.csv", "columns": ["a", "b"]}"#)
        #expect(
            try changes(writer, json: #"[{"b": "x,\"y\"", "a": 1e3}, {"a": true}, {}]"#)
                == ["append log.csv a,b\n1e3,\"x,\"\"y\"\"\"\ntrue,\n,\n"])
        #expect(try changes(writer, .csv(Array("b,a\n1,\n".utf8))) == ["append log.csv a,b\n,1\n"])
        for refused in [#"{"c": 1}"#, #"{"a": [1]}"#, "[]", "[1]", "5"] {
            #expect(throws: MetadataFault.self) { _ = try changes(writer, json: refused) }
        }
    }

    @Test func contentTypesOfADescriptionAreThoseItNames() throws {
        let writer = try writer(
            #"{"store": "rows", "path": "log.ndjson", "content_types": ["text/csv", "application/json"]}"#)
        #expect(writer.forms == [.json, .csv])
    }

    @Test func timeMakesANewFileEachTime() throws {
        let writer = try writer(#"{"store": "json", "path": "log/{time}.json"}"#)
        let paths = try (0..<100).flatMap { _ in try writer.changes(from: .json([0x31]), for: WriteRequest()) }.map(
            describe)
        #expect(Set(paths).count == 100)
        #expect(paths == paths.sorted())
    }

    @Test func listIsReplacedAndMergedInto() throws {
        let writer = try writer(#"{"store": "list", "path": "notes.json"}"#)
        #expect(try changes(writer, json: #"{"a": 1}"#) == ["put notes.json {\n  \"a\": 1\n}\n"])
        let (document, patch) = try #require(writer as? any PatchableWriter).patch(from: Array(#"{"a": null}"#.utf8))
        guard case .file(let path) = document else {
            Issue.record("\(document)")
            return
        }
        #expect(path.description == "notes.json")
        #expect(patch.object.names == ["a"])
    }
}
