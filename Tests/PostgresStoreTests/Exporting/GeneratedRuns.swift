import Glibc
import JSON
import LocalFiles
import RunMetadata
import RunStore
import RunStoreClaims
import TestSupport

/// Runs with something of all kinds, the same for the same seed, written into any store.
struct GeneratedRuns {
    private let store: any RunStore
    private let scratch: Scratch
    private var numbers: SeededNumbers

    /// Writes so many runs, `r0` and so on.
    static func write(_ count: Int, seed: UInt64, into store: any RunStore, _ scratch: Scratch) throws {
        var runs = GeneratedRuns(store: store, scratch: scratch, numbers: SeededNumbers(seed: seed))
        for number in 0..<count { try runs.write(RunID("r\(number)")!) }
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &numbers)]
    }

    private mutating func chance(_ share: Int) -> Bool { Int.random(in: 0..<share, using: &numbers) == 0 }

    private func staged(_ bytes: [UInt8]) throws -> StagingFile {
        let file = try scratch.makeFile()
        try bytes.withUnsafeBytes { try file.write($0) }
        try file.finish()
        return file
    }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    }

    private mutating func list() throws -> NamedListFiles {
        let values = ["1", "0.10", "null", #""é""#, "[1,null]", "[]", #"{"n":[0.1]}"#, "1e400", "true", #""NaN""#]
        let members = ["a", "ß", "lr"].map { "\"\($0)\":\(pick(values))" }.joined(separator: ",")
        return NamedListFiles(
            try JSONValue.parse(Array("{\(members)}".utf8), nonFinite: .allowed).object ?? JSONObject())
    }

    private mutating func rows() throws -> MetricsRows {
        let values = ["1", "-2.50", #""NaN""#, #""Inf""#, "null", "1e-7", "123456789012345678"]
        return try .make(
            (0..<Int.random(in: 1...5, using: &numbers)).map { _ in
                "{\"epoch\":\(Int.random(in: 1...9, using: &numbers)),\"\(pick(["loss", "acc", "µ"]))\":\(pick(values))}"
            })
    }

    private mutating func write(_ run: RunID) throws {
        var start = RunStart()
        if chance(2) { start.flags = try list() }
        start.properties = [(.note, PropertyText.file(pick(["x", "two\nlines", "", "λ"])))]
        try store.write(.run(run), .initialise(session: .default, start))
        for _ in 0..<Int.random(in: 2...12, using: &numbers) { try change(run) }
        switch Int.random(in: 0..<5, using: &numbers) {
        case 0: try store.complete(run)
        case 1: try store.change(run, .put(.error, #"{"message":"no"}"#), .end(completed: false))
        case 2:
            try store.change(run, .put(.error, #"{"message":"first"}"#), .end(completed: false))
            try store.write(.run(run), .resume(session: .other))
        default: break
        }
        if chance(4) { try store.write(.run(run), .archive) }
    }

    private static let frame = Array(#"{"loss": [1, "NaN"], "acc": [null, 2]}"#.utf8)

    /// Names of artifacts: nested, not in ASCII, two that Unicode calls equal, one that has what SQL and shells mind.
    private static let names = [
        "a", "models/net.pt", "models/deep/er/net.pt", "dir é/ü.txt", "dir e\u{301}/x", "it's; \"q\" %_*.bin",
        "日本/語.md",
        "source/pkg/sub/mod.py",
    ]

    private mutating func change(_ run: RunID) throws {
        switch Int.random(in: 0..<10, using: &numbers) {
        case 0, 1: try store.write(.run(run), .change([.rows(rows())]))
        case 2:
            if chance(3) {
                try store.write(.run(run), .change([.frame(MetricsReplacement(text: Self.frame, rowCount: 2))]))
            }
        case 3: try store.output(run, pick(["line\n", "é\r50 %\r", ""]))
        case 4: try store.write(.run(run), .change(DataChange.put(.evaluation, list())))
        case 5:
            try store.change(
                run, .put(DataPath(pick(["images/é/x.json", "audio", "t/1/2/3"]))!, bytes(pick([0, 3, 9000]))))
        case 6: try store.change(run, .publish(staged(bytes(pick([0, 20, 40_000]))), DataPath("plots/p.bin")!))
        case 7: try store.change(run, .publish(staged(bytes(500)), .source), .script("train.R", among: ["train.R"]))
        case 8:
            try store.change(
                run, .property(PropertyName(pick(["n", "loss_function", "epochs"]))!, pick(["1", "b", "é"])))
        default:
            let size = pick([0, 10, 8192, 8193, 100_000, 2_500_000])
            try store.change(run, .artifact(staged(bytes(size)), ArtifactPath(pick(Self.names))!, if: { _ in true }))
        }
    }
}

/// The files below a directory, without Rundir's own.
func files(in path: String) -> [String: [UInt8]] {
    let tree = DirectoryTree(path, excluding: [".rundir"])
    return Dictionary(uniqueKeysWithValues: tree.files.map { ($0, tree[$0] ?? []) })
}

/// In which files two directories differ, a line each.
func differences(_ one: [String: [UInt8]], _ other: [String: [UInt8]]) -> [String] {
    Set(one.keys).union(other.keys).sorted().filter { one[$0] != other[$0] }.map { path in
        func shown(_ bytes: [UInt8]?) -> String {
            bytes.map { "\($0.count) bytes: \(String(decoding: $0.prefix(300), as: UTF8.self))" } ?? "none"
        }
        return "\(path): \(shown(one[path])) | \(shown(other[path]))"
    }
}
