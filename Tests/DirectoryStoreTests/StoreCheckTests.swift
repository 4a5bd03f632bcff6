import Glibc
import JSON
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport
import Testing

@testable import DirectoryStore

/// `rundir check`: what it finds in run directories, with path and reason, and what it mends.
@Suite struct StoreCheckTests {
    private let runs: CheckedRuns
    private var folder: TemporaryFolder { runs.folder }

    init() throws { runs = try CheckedRuns() }

    private func findings(repairs: Bool = false) throws -> [String] { try runs.findings(repairs: repairs) }

    @Test func aSoundDirectoryHasNoFindings() throws {
        #expect(try findings() == [])
        #expect(try findings(repairs: true) == [])
    }

    /// A fault: the file that is written, its text, how the finding begins, and what is in the file after `--repair`;
    /// nil: the same as before, and it is found again.
    @Test(
        arguments: [
            ("one/tfruns.d/flags.json", "{\"a\": ", "one/tfruns.d/flags.json: is not JSON", nil),
            ("one/tfruns.d/flags.json", "[1]", "one/tfruns.d/flags.json: is not a JSON object", nil),
            (
                "one/tfruns.d/flags.json", "{\"a\": null, \"b\": 1}",
                "one/tfruns.d/flags.json: has values that break ls_runs() for all runs: a", "{\n  \"b\": 1\n}\n"
            ),
            (
                "one/tfruns.d/flags.json", "{\"a\": [\"x\", null], \"b\": {\"c\": [{}]}}",
                "one/tfruns.d/flags.json: has values that break ls_runs() for all runs: a, b",
                "{\n  \"a\": [\"x\", \"NA\"]\n}\n"
            ),
            (
                "one/tfruns.d/evaluation.json", "{\"a\": [[]]}",
                "one/tfruns.d/evaluation.json: has values that break ls_runs() for all runs: a",
                "{}\n"
            ),
            (
                "one/tfruns.d/evaluation.json", "{\"a\": NaN, \"b\": -Infinity}",
                "one/tfruns.d/evaluation.json: has NaN", "{\n  \"a\": \"NaN\",\n  \"b\": \"-Inf\"\n}\n"
            ),
            ("one/tfruns.d/properties/steps", "NA\n", "one/tfruns.d/properties/steps: is missing", ""),
            (
                "two/tfruns.d/properties/metrics", "/tmp\n", "two/tfruns.d/properties/metrics: is taken for the path",
                "/tmp\n\n"
            ),
            (
                "one/tfruns.d/properties/epochs", "3000000000\n",
                "one/tfruns.d/properties/epochs: is \"3000000000\", which ls_runs() does not read", nil
            ),
            (
                "one/tfruns.d/sent/flags.json", "{\"a\": [2]}",
                "one/tfruns.d/sent/flags.json: belongs to an earlier flags.json",
                ""
            ),
            (
                "one/tfruns.d/error.json", "{\"message\": \"x\", \"n\": NaN}", "one/tfruns.d/error.json: has NaN",
                "{\n  \"message\": \"x\",\n  \"n\": \"NaN\"\n}\n"
            ),
            ("one/tfruns.d/error.json", "{\"message\": {}}", "one/tfruns.d/error.json: has no text", nil),
            ("one/tfruns.d/properties/x/y", "1", "one/tfruns.d/properties/x: is a folder", nil),
            (
                "one/tfruns.d/properties/start", "yesterday\n",
                "one/tfruns.d/properties/start: is \"yesterday\", which ls_runs() does not read", nil
            ),
            (
                "one/tfruns.d/metrics.ndjson", "{\"a\":1}\n{\"a\":",
                "one/tfruns.d/metrics.ndjson: has a truncated last line", "{\"a\":1}\n"
            ),
            (
                "one/tfruns.d/metrics.ndjson", "{\"a\":1}\n{\"a\":2}",
                "one/tfruns.d/metrics.ndjson: has no newline", "{\"a\":1}\n{\"a\":2}\n"
            ),
            (
                "one/tfruns.d/metrics.ndjson", "{\"a\":1}\nno row\n{\"a\":2}\n",
                "one/tfruns.d/metrics.ndjson: line 2 is not a row", nil
            ),
            (
                "two/tfruns.d/metrics.json", "{\"a\": [1], \"b\": [1, 2]}",
                "two/tfruns.d/metrics.json: is not a data frame", nil
            ),
            (
                "two/tfruns.d/metrics.json", "{\"a\": [1, NaN, -Infinity]}", "two/tfruns.d/metrics.json: has NaN",
                "{\"a\": [1, \"NaN\", \"-Inf\"]}"
            ),
            (".rundir/sessions/other", "gone", ".rundir/sessions/other: names the run \"gone\"", ""),
            ("archive/one/tfruns.d/flags.json", "{}", "one: there is another run with this id", nil),
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

    /// Fails where lines are told of by the part of the file that is read at a time.
    @Test func linesOfManyRowsAreFound() throws {
        let rows = (0..<60_000).map { "{\"step\":\($0),\"loss\":0.123456789}\n" }
        let path = "one/tfruns.d/metrics.ndjson"
        folder.write(path, rows[..<50_000].joined() + "no row\n" + rows[50_000...].joined() + "{\"step\":")
        let found = try findings()
        #expect(found.contains { $0.hasPrefix("\(path): line 50001 is not a row") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("\(path): has a truncated last line") })
        _ = try findings(repairs: true)
        #expect(folder.text(path)?.hasSuffix("0.123456789}\n") == true)
        #expect(try findings().count == 1)
    }

    /// Fails where a file is read whatever its size.
    @Test(arguments: ["flags.json", "metrics.json", "properties/samples", "properties/metrics"])
    func whatIsTooLargeIsNotLookedAt(name: String) throws {
        folder.write("two/tfruns.d/properties/start", "1\n")
        folder.write("two/tfruns.d/\(name)", "1")
        #expect(truncate("\(folder.path)/two/tfruns.d/\(name)", 300 << 20) == 0)
        let found = try findings()
        #expect(found.contains { $0.hasPrefix("two/tfruns.d/\(name): is over 268435456 bytes") }, "\(found)")
    }

    @Test(arguments: [("endpoint", "end"), ("metrics_dir", "metrics")])
    func whatAnotherPropertyWouldBeTakenForIsWritten(name: String, whole: String) throws {
        folder.write("one/tfruns.d/properties/\(name)", "/tmp\n")
        let expected = "one/tfruns.d/properties/\(whole): is missing, so that R reads \(name) instead"
        #expect(try findings().first?.hasPrefix(expected) == true)
        _ = try findings(repairs: true)
        #expect(folder.text("one/tfruns.d/properties/\(whole)")?.isEmpty == true)
        #expect(try findings() == [])
    }

    /// What R can read is let be, and so is the exact list beside what the server wrote of it.
    @Test func whatTfrunsCanReadIsLetBe() throws {
        folder.write("one/tfruns.d/flags.json", #"{"a": [0.1], "b": {"c": "NaN"}}"#)
        folder.write("one/tfruns.d/properties/samples", "1e+05\n")
        folder.write("one/tfruns.d/properties/batch_size", "")
        #expect(try findings() == [])
        let store = try DirectoryHarness.open(folder.path)
        try store.write(.run(.one), .change(DataChange.put(.flags, NamedListFiles(["a": [nil, 2]]))))
        store.close()
        #expect(try findings(repairs: true) == [])
        #expect(folder.text("one/tfruns.d/sent/flags.json") == "{\n  \"a\": [null, 2]\n}\n")
    }

    /// The list as it was is what the server returns from then on.
    @Test func whatARepairChangesIsKeptAsItWas() throws {
        folder.write("one/tfruns.d/flags.json", #"{"a": ["x", null], "b": {}, "lr": [0.10]}"#)
        _ = try findings(repairs: true)
        #expect(folder.text("one/tfruns.d/flags.json") == "{\n  \"a\": [\"x\", \"NA\"],\n  \"lr\": 0.10\n}\n")
        let store = try DirectoryHarness.open(folder.path)
        defer { store.close() }
        let exact = try store.text(.flags, of: .one).map { try JSONValue.parse($0) }
        #expect(exact == (try JSONValue.parse(#"{"a": ["x", null], "b": {}, "lr": [0.10]}"#)))
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

    /// Whatever one run's directory holds, the others are looked at, and the one is named.
    @Test(arguments: [
        ("flags.json", "{\"a\\u0000b\": 1, \"a\\u0000c\": 2}", "one/tfruns.d/flags.json: has names"),
        ("flags.json", "\u{1}\u{0}", "one/tfruns.d/flags.json: is not JSON"),
        ("metrics.json", "[[[[", "one/tfruns.d/metrics.json: is not a data frame"),
        ("properties", "a file", "one/tfruns.d/properties/start: cannot be read"),
    ])
    func whateverARunHoldsTheOthersAreLookedAt(_ fault: (file: String, text: String, finding: String)) throws {
        folder.write("two/tfruns.d/error.json", "[")
        for name in [fault.file, "metrics.ndjson"] where name == fault.file || fault.file == "metrics.json" {
            Tree.remove("\(folder.path)/one/tfruns.d/\(name)")
        }
        folder.write("one/tfruns.d/\(fault.file)", fault.text)
        let found = try findings()
        #expect(found.contains { $0.hasPrefix(fault.finding) }, "\(found)")
        #expect(found.contains { $0.hasPrefix("two/tfruns.d/error.json: is not JSON") })
    }

    /// Nothing is written through a link: fails when what cannot be mended ends the check of all.
    @Test func whatCannotBeMendedIsFoundAndTheOthersAreLookedAt() throws {
        folder.write("two/tfruns.d/error.json", "[")
        folder.write("one/kept.json", "{\"a\": null}")
        Tree.unlink("\(folder.path)/one/tfruns.d/flags.json")
        Tree.link("\(folder.path)/one/tfruns.d/flags.json", to: "../kept.json")
        let found = try findings(repairs: true)
        #expect(found.contains { $0.hasPrefix("one/tfruns.d/flags.json: ") && !$0.contains("repaired") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("two/tfruns.d/error.json: is not JSON") })
        #expect(folder.text("one/kept.json") == "{\"a\": null}")
    }

    @Test func linksAndWhatIsNoFileAreFound() throws {
        folder.write("elsewhere/secret", "x")
        Tree.link("\(folder.path)/linked", to: "one")
        Tree.link("\(folder.path)/one/tfruns.d/properties/x", to: "../../../elsewhere/secret")
        Tree.link("\(folder.path)/one/out", to: "/usr/share/nothing")
        mkfifo("\(folder.path)/one/tfruns.d/pipe", 0o600)
        let found = try findings()
        let expected = [
            "linked: is a link", "one/tfruns.d/properties/x: is a link", "one/out: is a link",
            "one/tfruns.d/pipe: is not a file",
        ]
        for path in expected {
            #expect(found.contains { $0.hasPrefix(path) }, "\(found)")
        }
        #expect(found.count == 4)
    }
}
