internal import JSON
internal import RunMetadata

/// Runs as a table: a line for each run, a column for each that any of them has.
struct RunTable {
    let columns: [String]
    private let runs: [JSONObject]

    /// - Parameter columns: the columns; empty: all columns of the runs, grouped as by `ls_runs()`; without runs, those
    ///   that every run has
    init(columns: [String], runs: [JSONObject]) {
        self.runs = runs
        if !columns.isEmpty || runs.isEmpty {
            self.columns = columns.isEmpty ? Self.leading : columns
            return
        }
        var seen: Set<ExactText> = []
        var groups: [[String]] = Array(repeating: [], count: Self.prefixes.count + 2)
        for run in runs {
            for member in run.members where member.name != "links" && seen.insert(ExactText(member.name)).inserted {
                groups[Self.group(of: member.name)].append(member.name)
            }
        }
        self.columns = Array(groups.joined())
    }

    /// The table as CSV: TRUE and FALSE as in R, `NA` for missing values.
    var csv: [UInt8] {
        var output: [UInt8] = []
        let lineEnd = [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        CSV.append(columns, to: &output)
        output += lineEnd
        for run in runs {
            CSV.append(columns.lazy.map { Self.field(run[$0]) }, to: &output)
            output += lineEnd
        }
        return output
    }

    private static func field(_ value: JSONValue?) -> String {
        switch value {
        case .number(let number): number.text
        case .bool(let flag): flag ? "TRUE" : "FALSE"
        case .string(let text): text
        case .null, .array, .object, nil: "\(CSV.missing)"
        }
    }

    private static let leading = [
        "run", "start", "end", "completed", "type", "context", "script", "status", "updated",
    ]
    private static let prefixes = ["flag_", "metric_", "eval_"]

    private static func group(of column: String) -> Int {
        if leading.contains(column) { return 0 }
        return prefixes.firstIndex { column.hasPrefix($0) }.map { $0 + 1 } ?? prefixes.count + 1
    }
}
