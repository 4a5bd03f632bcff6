import JSON
import TestSupport

/// A run that tfruns itself wrote, and what its `ls_runs()` returned for it.
struct TfrunsFixture {
    static let runs = ["2026-01-05T09-00-00Z", "2026-01-05T10-00-00Z", "2026-01-05T11-00-00Z"]

    /// The folder of fixtures beside the tests.
    static var folder: String {
        let parts = #filePath.split(separator: "/").dropLast(2)
        return "/" + parts.joined(separator: "/") + "/Fixtures"
    }

    /// What custom writers made, which has no standard type.
    static let custom: Set<String> = ["images"]

    let run: String
    /// The run's data directory.
    let data: String
    let tree: DirectoryTree

    init(run: String) {
        self.run = run
        data = "\(Self.folder)/runs/\(run)/tfruns.d"
        tree = DirectoryTree(data, excluding: Self.custom)
    }

    /// The properties as they are sent: an object of texts; of a vector without elements (a file without a line) `[]`.
    var properties: JSONObject {
        var object = JSONObject()
        for path in tree.files where path.hasPrefix("properties/") {
            let bytes = tree[path] ?? []
            let text = String(decoding: bytes.dropLast(), as: UTF8.self)
            object[String(path.dropFirst("properties/".count))] = bytes.isEmpty ? .array([]) : .string(text)
        }
        return object
    }

    /// The columns that `ls_runs()` returned, without those that the run does not have.
    var row: JSONObject {
        get throws {
            let rows = try JSONValue.parse(contents(of: "\(Self.folder)/ls_runs.json") ?? []).array ?? []
            let row = rows.compactMap(\.object).first { $0["run_dir"]?.string == "runs/\(run)" }
            return JSONObject((row ?? JSONObject()).members.filter { $0.value != .null }.map { ($0.name, $0.value) })
        }
    }

    /// The rows of the run's metrics, one object each.
    var metricsRows: [JSONObject] {
        get throws {
            let frame = try JSONValue.parse(tree["metrics.json"] ?? []).object ?? JSONObject()
            let count = frame.members.first?.value.array?.count ?? 0
            return (0..<count).map { row in
                JSONObject(frame.members.map { ($0.name, $0.value.array?[row] ?? .null) })
            }
        }
    }
}
