internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// Runs side by side: for each flag, property, evaluation and metric a list with the value of each run, null if it has
/// none.
struct RunComparison {
    private var runs: [JSONValue] = []
    private let differing: Bool
    private var size = 0
    /// The most bytes of all values together.
    private static let most = Limit(.bytes, most: 64 << 20)
    /// The most values: each name has one for each run, missing ones among them.
    private static let mostValues = Limit(.values, most: 4_000_000)
    private var flags = JSONObject()
    private var properties = JSONObject()
    private var evaluation = JSONObject()
    private var metrics = JSONObject()

    /// - Parameter differing: whether values that are the same in all runs are left out
    init(differing: Bool) { self.differing = differing }

    /// Adds a run.
    /// - Throws: `tooMuchAsked`
    mutating func add(
        _ snapshot: RunSnapshot, properties: [(name: String, text: String)]
    ) throws(StoreError) {
        size += snapshot.summary.columns.members.reduce(0) { $0 + $1.name.utf8.count + Self.size(of: $1.value) }
        size += properties.reduce(0) { $0 + $1.name.utf8.count + $1.text.utf8.count }
        if size > Self.most.most {
            throw .tooMuchAsked("the values of these runs are \(LimitExceeded(Self.most)); name fewer runs")
        }
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
        let names = flags.count + self.properties.count + evaluation.count + metrics.count
        if names * runs.count > Self.mostValues.most {
            throw .tooMuchAsked(
                "these runs have \(names) names, so that a comparison has \(LimitExceeded(Self.mostValues)); name fewer runs"
            )
        }
    }

    /// About how many bytes a value takes. (Values of columns are no lists.)
    private static func size(of value: JSONValue) -> Int {
        switch value {
        case .string(let text): text.utf8.count
        case .number(let number): number.text.utf8.count
        default: 8
        }
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
