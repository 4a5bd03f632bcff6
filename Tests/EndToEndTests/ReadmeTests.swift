import Foundation
import JSON
import TestSupport
import Testing

/// What the README's first page shows does what it says, as it stands there.
@Suite struct ReadmeTests {
    private let folder = TemporaryFolder()

    /// The first block of code in a language, with another port.
    private func block(_ language: String, port: Int) throws -> String {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../README.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## Five lines\n").last)
        let rest = try #require(section.components(separatedBy: "\n```\(language)\n").dropFirst().first)
        let code = try #require(rest.components(separatedBy: "\n```").first)
        #expect(code.contains("localhost:7117"))
        return code.replacing("localhost:7117", with: "localhost:\(port)")
    }

    /// Python is Debian's, which has Debian's requests.
    @Test(arguments: [
        ("sh", ["sh", "-eu"]), ("python", ["/usr/bin/python3"]), ("r", ["Rscript", "--vanilla"]),
    ])
    func theCommonestWritesDoWhatTheySay(language: String, interpreter: [String]) throws {
        let server = try Server(runs: "\(folder.path)/runs")
        folder.write("program", try block(language, port: server.port) + "\n")
        let command = try Command(arguments: interpreter + ["\(folder.path)/program"], directory: folder.path)
        #expect(command.ending == .exited(0), "\(command.errors)")

        let client = try server.connect()
        let run = try client.send("GET", "/runs/lr-0.1").json
        #expect(run["status"] == "completed")
        for (type, expected) in [
            ("flags", ["lr": 0.1, "batch_size": 32]), ("evaluation", ["loss": 0.0871, "acc": 0.9712]),
        ] {
            let read = try client.send("GET", "/runs/lr-0.1/metadata/\(type)").json.object
            let values = read?.members.map { ($0.name, ($0.value.array?.first ?? $0.value).number?.double) } ?? []
            #expect(Dictionary(uniqueKeysWithValues: values) == expected)
        }
        let metrics = try client.send("GET", "/runs/lr-0.1/metadata/metrics").json
        #expect(metrics == ["epoch": [1], "loss": [0.42], "val_loss": [0.47]])
        try TfrunsReader(runs: server.runs).readAll()
    }
}
