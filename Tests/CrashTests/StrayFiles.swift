import JSON
import TestSupport

/// What stands in a runs directory and was asked for by nobody, or is torn.
struct StrayFiles {
    private(set) var faults: [String] = []

    /// - Parameters:
    ///   - path: the runs directory
    ///   - runs: the runs that clients know of
    ///   - unknownRuns: how many of the server's own naming there may be besides
    init(_ path: String, runs: Set<String>, unknownRuns: Int) {
        let tree = DirectoryTree(path, excluding: [".rundir/journal", ".rundir/lock", ".rundir/staging", "lost+found"])
        var unknown: Set<String> = []
        for path in tree.entries.keys.sorted() {
            let parts = path.split(separator: "/").map(String.init)
            if parts[0] == ".rundir" {
                if parts.count > 2, parts[1] == "pending", !runs.contains(parts[2]), !parts[2].hasPrefix("@") {
                    faults.append("\(path): nobody's pending run")
                }
                continue
            }
            if !runs.contains(parts[0]) { unknown.insert(parts[0]) }
            guard let bytes = tree[path] else { continue }
            if parts.count == 3, parts[1] == "models" {
                // What is in it says where it ends (`WritingClient.changeArtifact`).
                if bytes.suffix(4) != Array("end\n".utf8) { faults.append("\(path): torn") }
                continue
            }
            guard parts.count > 2, parts[1] == "tfruns.d" else {
                faults.append("\(path): a file outside of tfruns.d")
                continue
            }
            if let fault = Self.fault(parts.dropFirst(2).joined(separator: "/"), bytes) {
                faults.append("\(path): \(fault): \(String(decoding: bytes.prefix(200), as: UTF8.self))")
            }
        }
        for name in unknown where name.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?/) == nil {
            faults.append("\(name): nobody's run")
        }
        if unknown.count > unknownRuns { faults.append("runs that nobody asked for: \(unknown)") }
    }

    /// What is wrong with a file of a data directory; nil where it is whole.
    private static func fault(_ path: String, _ bytes: [UInt8]) -> String? {
        switch path {
        case "flags.json", "evaluation.json", "error.json", "metrics.json":
            (try? JSONValue.parse(bytes))?.object == nil ? "torn" : nil
        case "metrics.ndjson", "metrics.1.ndjson":
            bytes.last != UInt8(ascii: "\n")
                || bytes.split(separator: UInt8(ascii: "\n")).contains {
                    (try? JSONValue.parse(Array($0)))?.object == nil
                } ? "torn" : nil
        case "source.tar.gz": bytes.starts(with: [0x1F, 0x8B]) ? nil : "torn"
        // Its lines are looked at by `LedgerCheck`.
        case "properties/output": bytes.last == UInt8(ascii: "\n") ? nil : "torn"
        case _ where path.hasPrefix("properties/"):
            bytes.last == UInt8(ascii: "\n") && bytes.count(where: { $0 == UInt8(ascii: "\n") }) == 1 ? nil : "torn"
        default: "a file of no type"
        }
    }
}
