internal import JSON

/// Runs as a table: a line a run, a column for each that one of them has.
struct RunTable {
    let columns: [String]
    private let runs: [JSONObject]

    /// - Parameter columns: the columns; empty: all that the runs have, in groups as `ls_runs()` has them; of no runs, those that
    ///   every run has
    init(columns: [String], runs: [JSONObject]) {
        self.runs = runs
        if !columns.isEmpty || runs.isEmpty {
            self.columns = columns.isEmpty ? Self.leading : columns
            return
        }
        var seen: Set<String> = []
        var groups: [[String]] = Array(repeating: [], count: Self.prefixes.count + 2)
        for run in runs {
            for member in run.members where member.name != "links" && seen.insert(member.name).inserted {
                groups[Self.group(of: member.name)].append(member.name)
            }
        }
        self.columns = Array(groups.joined())
    }

    /// The table as CSV (RFC 4180), as R's `read.csv()` and pandas read it: TRUE and FALSE, `NA` for what is missing.
    var csv: [UInt8] {
        var output: [UInt8] = []
        append(columns.map(Self.field), to: &output)
        for run in runs { append(columns.map { Self.field(run[$0]) }, to: &output) }
        return output
    }

    private func append(_ fields: [String], to output: inout [UInt8]) {
        output += fields.joined(separator: ",").utf8
        output += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
    }

    private static func field(_ value: JSONValue?) -> String {
        switch value {
        case .number(let number): number.text
        case .bool(let flag): flag ? "TRUE" : "FALSE"
        case .string(let text): field(text)
        case .null, .array, .object, nil: "NA"
        }
    }

    private static func field(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy {
                $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 != 0x0A && $0 != 0x0D && $0 != 0x20
            }
        if isPlain { return text }
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
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
