import TestSupport
import Testing

@testable import RunStore

/// `rundir check`: what it finds, with path and reason, and what it mends.
@Suite struct StoreCheckTests {
    private let folder = TemporaryFolder()

    init() throws {
        let store = try DirectoryHarness.open(folder.path)
        try store.initialise(.one, flags: "{\"a\": 1}")
        try store.rows(.one, #"{"a":1}"#)
        store.close()
    }

    private func findings(repairs: Bool = false) throws -> [String] {
        try StoreCheck(runs: folder.path, repairs: repairs).findings.map(\.description)
    }

    @Test func aSoundDirectoryHasNoFindings() throws {
        #expect(try findings() == [])
        #expect(try findings(repairs: true) == [])
    }

    /// A fault: the file that is written, its text, how the finding begins, and what is in the file after `--repair`; nil:
    /// the same as before, and it is found again.
    @Test(
        arguments: [
            ("one/tfruns.d/flags.json", "{\"a\": ", "one/tfruns.d/flags.json: is no JSON", nil),
            ("one/tfruns.d/flags.json", "[1]", "one/tfruns.d/flags.json: is no JSON object", nil),
            (
                "one/tfruns.d/flags.json", "{\"a\": null, \"b\": 1}",
                "one/tfruns.d/flags.json: has empty values (a)", "{\n  \"b\": 1\n}\n"
            ),
            (
                "one/tfruns.d/metrics.ndjson", "{\"a\":1}\n{\"a\":",
                "one/tfruns.d/metrics.ndjson: is cut short", "{\"a\":1}\n"
            ),
            (
                "one/tfruns.d/metrics.ndjson", "{\"a\":1}\n{\"a\":2}",
                "one/tfruns.d/metrics.ndjson: has no newline", "{\"a\":1}\n{\"a\":2}\n"
            ),
            (
                "one/tfruns.d/metrics.ndjson", "{\"a\":1}\nno row\n{\"a\":2}\n",
                "one/tfruns.d/metrics.ndjson: line 2 is no row", nil
            ),
            (
                "two/tfruns.d/metrics.json", "{\"a\": [1], \"b\": [1, 2]}",
                "two/tfruns.d/metrics.json: is no data frame", nil
            ),
            (".rundir/sessions/other", "gone", ".rundir/sessions/other: names the run \"gone\"", ""),
            ("archive/one/tfruns.d/flags.json", "{}", "one: there is another run of this id", nil),
        ] as [(String, String, String, String?)])
    func faultIsFoundAndMended(file: String, text: String, finding: String, mended: String?) throws {
        folder.write(file, text)
        let found = try findings()
        #expect(found.contains { $0.hasPrefix(finding) }, "\(found)")
        // Looking changes nothing.
        #expect(folder.text(file) == text)
        _ = try findings(repairs: true)
        #expect(folder.text(file) ?? "" == mended ?? text)
        #expect(try findings().contains { $0.hasPrefix(finding) } == (mended == nil))
    }

    @Test func aMissingPropertyAndALaggingViewAreWritten() throws {
        Tree.unlink("\(folder.path)/one/tfruns.d/properties/script")
        Tree.write(Array("{}".utf8), "\(folder.path)/one/tfruns.d/metrics.json")
        let found = try findings()
        #expect(found.contains { $0.hasPrefix("one/tfruns.d/properties/script: is missing") })
        #expect(found.contains { $0.hasPrefix("one/tfruns.d/metrics.json: lags") })
        #expect(try findings(repairs: true).allSatisfy { $0.contains("(repaired: ") })
        #expect(try findings() == [])
        #expect(folder.text("one/tfruns.d/properties/script") == "one\n")
    }

    @Test func anEmptyPendingFolderIsRemoved() throws {
        Tree.makeDirectory("\(folder.path)/.rundir/pending/left")
        #expect(try findings().first?.hasPrefix(".rundir/pending/left: is no pending run") == true)
        _ = try findings(repairs: true)
        #expect(!folder.exists(".rundir/pending/left"))
    }

    @Test func whatTheJournalHoldsIsDoneByARepair() throws {
        Tree.write(
            JournalText.frame(1, [[RedoRecord("one", .put("flags.json", Array("{\"b\": 2}".utf8)))]]),
            "\(folder.path)/.rundir/journal/0000000000000001")
        #expect(try findings().first?.hasPrefix(".rundir/journal: 1 writes") == true)
        #expect(try findings(repairs: true).first?.contains("(repaired: ") == true)
        #expect(folder.text("one/tfruns.d/flags.json") == "{\"b\": 2}")
    }

    /// What a damaged journal holds may be what mends the rest: fails when a repair goes on past it.
    @Test func nothingIsRepairedBesideADamagedJournal() throws {
        var frames = JournalText.frame(1, [JournalText.write(1)]) + JournalText.frame(2, [JournalText.write(2)])
        frames[30] ^= 1
        Tree.write(frames, "\(folder.path)/.rundir/journal/0000000000000001")
        folder.write("one/tfruns.d/flags.json", "{\"a\": null}")
        let found = try findings(repairs: true)
        #expect(found.first?.hasPrefix(".rundir/journal/0000000000000001: journal segment") == true)
        #expect(found.contains { $0.hasPrefix("one/tfruns.d/flags.json: has empty values") })
        #expect(folder.text("one/tfruns.d/flags.json") == "{\"a\": null}")
        #expect(Tree.read("\(folder.path)/.rundir/journal/0000000000000001") == frames)
    }
}
