import TestSupport

/// The archives that `archives.py` makes, each sent as source.
final class Archives: Sendable {
    private let folder = TemporaryFolder()
    private let expected: [(name: String, outcome: Attack.Outcome)]

    init() throws {
        let here = "\(#filePath)".split(separator: "/").dropLast(2).reduce(into: "") { $0 += "/" + $1 }
        try Command.succeed("python3", "\(here)/archives.py", directory: folder.path)
        let outcomes: [Substring: Attack.Outcome] = ["refused": .refused, "answered": .answered]
        expected = (folder.text("expected") ?? "").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            return outcomes[words[1]].map { (String(words[0]), $0) }
        }
    }

    var attacks: [Attack] {
        expected.map { name, outcome in
            .request(
                "archive \(name)", "POST", "/runs/victim/metadata/source", type: "application/octet-stream",
                gets: outcome
            ) { self.folder.read(name) ?? [] }
        }
    }
}
