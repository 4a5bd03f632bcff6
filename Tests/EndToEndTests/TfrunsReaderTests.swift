import JSON
import TestSupport
import Testing

/// The reader that stands in for tfruns: it reads what tfruns wrote as tfruns does, and fails where it fails.
@Suite struct TfrunsReaderTests {
    private let folder = TemporaryFolder()

    private func make(_ run: String, _ files: [String: String]) {
        for (name, text) in ["start": "1795499177.5", "script": "train.R", "completed": "FALSE"] {
            folder.write("\(run)/tfruns.d/properties/\(name)", text + "\n")
        }
        for (name, text) in files { folder.write("\(run)/tfruns.d/\(name)", text) }
    }

    @Test func whatTfrunsWroteIsReadAsTfrunsReadsIt() throws {
        let reader = TfrunsReader(runs: "\(TfrunsFixture.folder)/runs")
        let rows = try reader.list()
        #expect(rows.map { $0["run"]?.string } == TfrunsFixture.runs.reversed())
        for row in rows {
            let run = try #require(row["run"]?.string)
            try reader.view(run)
            // Its listing has times in milliseconds, and paths.
            let expected = try TfrunsFixture(run: run).row.members.filter {
                !["run_dir", "start", "end", "metrics", "source_code"].contains($0.name)
            }
            for column in expected {
                let found = row[column.name]
                switch column.value {
                case .number(let number): #expect(found?.number?.double == number.double, "\(run) \(column.name)")
                default: #expect(found == column.value, "\(run) \(column.name)")
                }
            }
        }
    }

    /// Each was seen to end `ls_runs()`, or to give a value another name.
    @Test(
        arguments: [
            "null", "[]", "{}", #"["a",null]"#, "[[]]", "[{}]", #"[{"a":null}]"#, #"{"y":[null,1]}"#,
            #"[{"a":1},{"a":null}]"#, "[0.1]", #"{"b":{"c":{}}}"#, "NaN",
            "{\"\(String(repeating: "n", count: 10_001))\":1}",
        ], ["flags.json", "evaluation.json"])
    func aValueWithoutARowEndsTheListing(value: String, file: String) throws {
        make("sound", ["flags.json": #"{"a":1,"b":[1,2],"c":{"d":"x","e":true}}"#])
        _ = try TfrunsReader(runs: folder.path).list()
        make("bad", [file: "{\"x\":\(value)}"])
        #expect(throws: TfrunsReader.Failure.self) { try TfrunsReader(runs: folder.path).list() }
    }

    @Test(arguments: [
        ("properties/start", "yesterday\n"), ("properties/start", ""), ("properties/samples", "many\n"),
        ("properties/completed", "perhaps\n"), ("properties/folder/x", "x\n"), ("properties/endpoint", "http://x\n"),
        ("metrics.json", #"{"a":[1,2],"b":[1]}"#), ("metrics.json", #"{"a":[NaN]}"#), ("metrics.json", #"{"a":[[1]]}"#),
        ("metrics.json", "{\"\(String(repeating: "n", count: 10_001))\":[1]}"), ("metrics.json", #"{"a":[1"#),
        ("error.json", #"{"message":{}}"#), ("error.json", #"{"message":["a","b"]}"#), ("flags.json", "[1]"),
    ])
    func aFileThatTfrunsCannotReadEndsTheListing(file: String, text: String) throws {
        make("bad", [file: text])
        #expect(throws: TfrunsReader.Failure.self) { try TfrunsReader(runs: folder.path).list() }
    }

    @Test func theScriptHasToBeInTheSource() throws {
        make("run", [:])
        let reader = TfrunsReader(runs: folder.path)
        try reader.view("run")
        folder.write("source/other.R", "1\n")
        try Command.succeed("tar", "-czf", "run/tfruns.d/source.tar.gz", "source", directory: folder.path)
        #expect(throws: TfrunsReader.Failure.self) { try reader.view("run") }
        folder.write("source/train.R", "1\n")
        try Command.succeed("tar", "-czf", "run/tfruns.d/source.tar.gz", "source", directory: folder.path)
        try reader.view("run")
    }
}
