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
        ("flags.json", "{\"a\":[\"\(String(repeating: "n", count: 10_001))\",\"b\"]}"),
    ])
    func aFileThatTfrunsCannotReadEndsTheListing(file: String, text: String) throws {
        make("bad", [file: text])
        #expect(throws: TfrunsReader.Failure.self) { try TfrunsReader(runs: folder.path).list() }
    }

    /// R's `$` takes what begins so: it is the end of the latest run where others have one, and of each that is viewed.
    @Test func whatBeginsAsTheEndIsTakenForIt() throws {
        make("old", ["properties/end": "1795499178\n"])
        make("new", ["properties/endpoint": "http://x\n"])
        let reader = TfrunsReader(runs: folder.path)
        #expect(throws: TfrunsReader.Failure.self) { try reader.view("new") }
        #expect(throws: Never.self) { try reader.view("old") }
        _ = try reader.list()
        make("z", ["properties/endpoint": "http://x\n"])
        #expect(throws: TfrunsReader.Failure.self) { try reader.list() }
        make("z", ["properties/end": ""])
        _ = try reader.list()
        try reader.view("z")
        // Of two that begin so, neither.
        make("new", ["properties/end_lr": "0.1\n"])
        try reader.view("new")
    }

    /// The file is there, and no frame.
    @Test func whatBeginsAsTheMetricsIsTakenForThem() throws {
        make("run", ["properties/metrics_dir": "\(folder.path)\n"])
        let reader = TfrunsReader(runs: folder.path)
        #expect(throws: TfrunsReader.Failure.self) { try reader.view("run") }
        make("run", ["properties/metrics": ""])
        try reader.view("run")
        make("other", ["properties/metrics_dir": "\(folder.path)\n", "metrics.json": #"{"loss":[1]}"#])
        try reader.view("other")
    }

    @Test(arguments: ["steps", "epochs"], ["", "NA\n", "3000000000\n"])
    func aMissingCountCannotBeViewed(name: String, text: String) throws {
        make("run", ["properties/\(name)": text])
        let reader = TfrunsReader(runs: folder.path)
        _ = try reader.list()
        #expect(throws: TfrunsReader.Failure.self) { try reader.view("run") }
        make("run", ["properties/\(name)": "12\n"])
        try reader.readAll()
    }

    @Test(arguments: [("a(b.R", false), ("a[b.R", false), ("a{b.R", false), ("a(1)b+.R", true), ("é.R", true)])
    func theScriptIsTakenForAnExpression(name: String, isRead: Bool) throws {
        make("run", ["properties/script": "\(name)\n"])
        folder.write("source/\(name)", "1\n")
        try Command.succeed("tar", "-czf", "run/tfruns.d/source.tar.gz", "source", directory: folder.path)
        #expect(isRead == ((try? TfrunsReader(runs: folder.path).view("run")) != nil))
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
