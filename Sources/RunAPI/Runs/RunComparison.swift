internal import JSON
internal import RunMetadata
internal import RunStore

/// Runs side by side: for each flag, property, evaluation and metric a list with the value of each run, null if it has
/// none.
struct RunComparison {
    private var runs: [JSONValue] = []
    private let differing: Bool
    private var flags = JSONObject()
    private var properties = JSONObject()
    private var evaluation = JSONObject()
    private var metrics = JSONObject()

    /// - Parameter differing: whether values that are the same in all runs are left out
    init(differing: Bool) { self.differing = differing }

    /// Adds a run.
    mutating func add(_ snapshot: RunSnapshot, properties: [(name: String, text: String)]) {
        for column in snapshot.summary.columns.members {
            for (prefix, list) in [
                ("flag_", \Self.flags), ("eval_", \Self.evaluation), ("metric_", \Self.metrics),
            ] where column.name.utf8.starts(with: prefix.utf8) {
                // By bytes: a name may begin with a combining character.
                let name = String(decoding: column.name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
                add(column.value, name, to: list)
            }
        }
        for (name, text) in properties { add(.string(text), name, to: \Self.properties) }
        runs.append(.string(snapshot.run.description))
    }

    private mutating func add(_ value: JSONValue, _ name: String, to list: WritableKeyPath<Self, JSONObject>) {
        let earlier = self[keyPath: list][name]?.array ?? []
        let missing = [JSONValue](repeating: .null, count: runs.count - earlier.count)
        self[keyPath: list][name] = .array(earlier + missing + [value])
    }

    /// The comparison as JSON.
    var object: JSONObject {
        [
            "runs": .array(runs), "flags": .object(told(flags)), "properties": .object(told(properties)),
            "evaluation": .object(told(evaluation)), "metrics": .object(told(metrics)),
        ]
    }

    private func told(_ list: JSONObject) -> JSONObject {
        var told = JSONObject()
        for member in list.members {
            let values = member.value.array ?? []
            let all = values + [JSONValue](repeating: .null, count: runs.count - values.count)
            if differing, let first = all.first, all.allSatisfy({ Self.isSame($0, first) }) { continue }
            told[member.name] = .array(all)
        }
        return told
    }

    /// Whether two values are equal; numbers are compared by value, so that `0.1` equals `0.10`.
    private static func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        if case .number(let one) = one, case .number(let other) = other { return one.isSameValue(as: other) }
        return one == other
    }
}
