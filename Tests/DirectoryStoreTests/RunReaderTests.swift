import Glibc
import JSON
import LocalFiles
import RunMetadata
import TestSupport
import Testing

@testable import DirectoryStore

/// What the index reads of a run's directory.
@Suite struct RunReaderTests {
    private let folder = TemporaryFolder()
    private let reader = RunReader()

    private var run: String { "\(folder.path)/run" }
    private var data: String { "\(run)/tfruns.d" }

    private func read(known: RowsMark? = nil) throws -> RunReader.Found {
        try reader.read(#require(RunID("run")), in: run, known: known)
    }

    /// Whoever found another stamp would read every run at every look.
    @Test(arguments: [
        [:], ["flags.json": "{\"lr\": 0.1}\n"], ["metrics.json": "{\"loss\": [1]}\n"],
        ["metrics.json": "{\"loss\": [1]}\n", "metrics.ndjson": "{\"loss\":1}\n"],
        ["properties/start": "5\n", "properties/note": "", "error.json": "{\"message\": \"out\"}\n"],
        ["flags.json/file": "a directory", "properties/folder/file": "another"],
    ])
    func theStampOfWhatWasReadIsThatOfALook(_ files: [String: String]) throws {
        Tree.makeDirectory("\(folder.path)/run")
        Tree.makeDirectory(data)
        for (path, text) in files { folder.write("run/tfruns.d/\(path)", text) }
        #expect(try read().stamp == RunStamp(of: run))
        folder.write("run/tfruns.d/evaluation.json", "{}")
        #expect(try read().stamp == RunStamp(of: run))
    }

    /// A file system numbers its inodes as it likes: fails when a number over 2^63 ends the process.
    @Test func inodesOfAnyNumberHaveAStamp() {
        let stamps = [UInt64(1), 1 << 63, .max].map { inode in
            var status = stat()
            status.st_ino = ino_t(inode)
            var parts = RunStamp.Parts()
            parts.add(status)
            return parts.stamp.value
        }
        #expect(Set(stamps).count == 3)
        let versions = [UInt64(1), 1 << 63, .max].map { inode in
            var status = stat()
            status.st_ino = ino_t(inode)
            return SeenFiles.version(status, "flags.json")
        }
        #expect(Set(versions).count == 3)
    }

    @Test func aRunThatIsGoneHasNoStamp() {
        #expect(throws: FileFailure.self) { try RunStamp(of: run) }
        #expect(throws: FileFailure.self) { try read() }
    }

    /// More names than are told by one call, and more bytes than the memory has at first.
    @Test func everyPropertyIsReadWhateverTheirNumberAndLength() throws {
        let names = (0..<200).map { "\($0)-" + String(repeating: "n", count: 200) }
        for name in names { folder.write("run/tfruns.d/properties/\(name)", name + "\n") }
        folder.write("run/tfruns.d/properties/long", String(repeating: "x", count: 100_000) + "\n")
        let columns = try read().summary.columns
        #expect(names.allSatisfy { columns[$0]?.string == $0 })
        #expect(columns["long"]?.string?.utf8.count == 100_000)
        #expect(try read().stamp == RunStamp(of: run))
    }

    /// Rows that come, a file that is replaced by one of the same beginning, of another, or a shorter one.
    @Test(arguments: [
        "{\"loss\":1}\n{\"loss\":2,\"acc\":0.5}\n", "{\"loss\":1}\n{\"lo", "{\"loss\":3}\n",
        "{\"acc\":7}\n{\"acc\":8}\n{\"acc\":9}\n",
        "", "{\"loss\":1}\n" + String(repeating: "{\"loss\":0.25}\n", count: 100_000),
    ])
    func rowsAreReadOnFromWhereTheyWereRead(_ next: String) throws {
        folder.write("run/tfruns.d/metrics.ndjson", "{\"loss\":1}\n")
        let first = try read()
        folder.write("run/tfruns.d/metrics.ndjson", next)
        let mark = try #require(first.rows)
        let kept = try #require(RowsMark(mark.bytes))
        let (on, anew) = (try read(known: kept), try read())
        #expect(on.summary.columns == anew.summary.columns)
        #expect(on.rows?.bytes == anew.rows?.bytes)
    }
}
