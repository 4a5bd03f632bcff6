internal import Glibc
package import JSON

/// Reads a runs directory as R's tfruns 1.5.4 does, and fails wherever it would: one run that it cannot read is the end
/// of `ls_runs()` for all. Observed with R 4.2 and jsonlite 1.8.4, by its `as.data.frame()` of what each file holds.
package struct TfrunsReader {
    /// Where tfruns would stop, or would read something else than what is there.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ path: String, _ fault: String) { description = "\(path): \(fault)" }
    }

    /// Bytes of a name: R takes no longer one for a symbol.
    private static let longestName = 10_000

    /// The runs directory.
    private let runs: String

    package init(runs: String) { self.runs = runs }

    /// `ls_runs()`: a row for each run, the last by name first, with the columns whose names R leaves as they are.
    package func list() throws -> [JSONObject] {
        // `list.files()` passes over names that begin with a dot.
        let names = names(in: runs).filter { DirectoryTree.isFolder("\(runs)/\($0)/tfruns.d") }.sorted(
            by: >)
        let rows = try names.map { try record($0) }
        try checkEnd(rows)
        // `latest_run()`: of one run alone, other columns are there.
        try checkEnd(Array(rows.prefix(1)))
        return rows
    }

    /// Does all with every run that tfruns can do: lists them, views each, compares it with the one before.
    /// - Returns: the rows
    @discardableResult
    package func readAll() throws -> [JSONObject] {
        let rows = try list()
        for row in rows { if let run = row["run"]?.string { try view(run) } }
        return rows
    }

    /// `run_info()`: the row of one run.
    package func record(_ run: String) throws -> JSONObject {
        let data = "\(runs)/\(run)/tfruns.d"
        var row: JSONObject = ["run": .string(run)]
        for property in try properties(in: "\(data)/properties") { row[property.name] = property.value }
        guard row["start"]?.number != nil else { throw Failure("\(data)/properties/start", "ls_runs() needs it") }
        try addList("\(data)/evaluation.json", "eval_", to: &row)
        try addMetrics("\(data)/metrics.json", to: &row)
        try addList("\(data)/flags.json", "flag_", to: &row)
        try addError("\(data)/error.json", to: &row)
        return row
    }

    /// `latest_run()` reads the file that `run$metrics` names, which is any one column that begins so without
    /// `metrics.json`.
    private func checkMetrics(_ row: JSONObject, _ path: String) throws {
        if contents(of: "\(path)/metrics.json") != nil || row["metrics"] == "" { return }
        let candidates = row.names.filter { $0.hasPrefix("metrics") }
        guard let name = row["metrics"] == nil ? candidates.first : "metrics",
            candidates.count == 1 || name == "metrics",
            let file = row[name]?.string, access(file, F_OK) == 0
        else { return }
        throw Failure("\(path)/properties/\(name)", "\(file) is taken for the metrics")
    }

    /// `view_run()`: the same, and the script in the source. `compare_runs()` needs the same of both.
    package func view(_ run: String) throws {
        let path = "\(runs)/\(run)/tfruns.d"
        let row = try record(run)
        try checkEnd([row])
        try checkMetrics(row, path)
        // `if (run$steps > run$steps_completed)`.
        if let unit = ["steps", "epochs"].first(where: { row[$0] != nil }), row[unit] == .null {
            throw Failure("\(path)/properties/\(unit)", "missing value where TRUE/FALSE needed")
        }
        guard let script = row["script"]?.string else {
            throw Failure("\(path)/properties/script", "view_run() needs it")
        }
        guard contents(of: "\(path)/source.tar.gz") != nil else { return }
        let listing = try Command.succeed("tar", "-tzf", "\(path)/source.tar.gz")
        let files = String(decoding: listing, as: UTF8.self).split(separator: "\n").map(String.init)
        // `basename()`.
        let name = script.split(separator: "/").last.map(String.init) ?? ""
        guard !name.isEmpty, files.contains("source/\(name)") else {
            throw Failure("\(path)/source.tar.gz", "there is no \"\(name)\" at its top")
        }
        guard Self.isExpression(name) else { throw Failure(path, "invalid regular expression \(name)") }
    }

    /// Whether `grepl()` takes a name: an extended regular expression (regcomp(3)), in which R's TRE takes no lone
    /// brace.
    private static func isExpression(_ name: String) -> Bool {
        var expression = regex_t()
        guard regcomp(&expression, "^\(name)$", REG_EXTENDED | REG_NOSUB) == 0 else { return false }
        regfree(&expression)
        return !name.contains("{")
    }

    // MARK: Properties

    /// What `as.numeric()`, `as.integer()` and `as.logical()` are called for.
    private static let numbers: Set<String> = ["start", "end", "learning_rate"]
    private static let integers: Set<String> = ["samples", "validation_samples", "steps", "epochs", "batch_size"]
    private static let flags = [
        "TRUE": true, "true": true, "yes": true, "1": true, "FALSE": false, "false": false, "no": false, "0": false,
    ]

    private func properties(in folder: String) throws -> [(name: String, value: JSONValue)] {
        try names(in: folder).filter { !$0.hasPrefix(".") }.sorted().map { name in
            let path = "\(folder)/\(name)"
            guard !DirectoryTree.isFolder(path), let bytes = contents(of: path) else {
                throw Failure(path, "readLines() cannot open it")
            }
            guard let all = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
                throw Failure(path, "it is not UTF-8, or holds NUL")
            }
            let text = all.hasSuffix("\n") ? String(all.dropLast()) : all
            if Self.numbers.contains(name) || Self.integers.contains(name) {
                // A NULL is an empty file.
                if text.isEmpty || text == "NA" { return (name, .null) }
                guard let number = JSONNumber(text), number.double.isFinite else {
                    throw Failure(path, "\"\(text)\" is no number")
                }
                // `as.integer()` of more is NA.
                let isNA = Self.integers.contains(name) && abs(number.double) >= 2_147_483_648
                return (name, isNA ? .null : .number(number))
            }
            if name == "completed" {
                guard let flag = Self.flags[text] else { throw Failure(path, "\"\(text)\" is no logical") }
                return (name, .bool(flag))
            }
            return (name, .string(text))
        }
    }

    /// `ls_runs()` converts `run_list$end`, and `view_run()` computes with `run$end`: that is any one column that
    /// begins so, where there is none of that name.
    private func checkEnd(_ rows: [JSONObject]) throws {
        if rows.contains(where: { $0["end"] != nil }) { return }
        let candidates = Set(rows.flatMap(\.names).filter { $0.hasPrefix("end") })
        guard let name = candidates.first, candidates.count == 1 else { return }
        for case .string(let text)? in rows.map({ $0[name] }) {
            throw Failure(runs, "\"\(text)\" of \(name) is taken for the end, and is no time")
        }
    }

    // MARK: Documents

    private func addList(_ path: String, _ prefix: String, to row: inout JSONObject) throws {
        guard let list = try document(path) else { return }
        for member in list.members {
            try checkRows(of: member.value, path, prefix + member.name)
            if !member.value.isContainer { row[prefix + member.name] = member.value }
        }
    }

    /// A data frame is made of whatever is in a list: it has one row, or it cannot be made.
    private func checkRows(of value: JSONValue, _ path: String, _ name: String) throws {
        if name.utf8.count > Self.longestName { throw Failure(path, "variable names are limited to 10000 bytes") }
        switch value {
        case .bool, .number, .string: return
        case .null: throw Failure(path, "arguments imply differing number of rows: \(name) is null")
        case .array(let elements):
            if elements.isEmpty { throw Failure(path, "arguments imply differing number of rows: \(name) is []") }
            if elements.count == 1 { throw Failure(path, "the array \(name) of one loses its name") }
            for (index, element) in elements.enumerated() {
                // A text without a name is called after itself (`deparse()`).
                let text = element.string.map { "." + String(repeating: "x", count: Self.deparsedLength($0)) }
                try checkRows(of: element, path, "\(name)\(text ?? "\(index + 1)")")
            }
        case .object(let object):
            if object.isEmpty { throw Failure(path, "arguments imply differing number of rows: \(name) is {}") }
            for member in object.members { try checkRows(of: member.value, path, "\(name).\(member.name)") }
        }
    }

    /// Bytes of a text in R's source at most, which writes `\n` and `\U0001f600`, where the locale has no such
    /// character.
    private static func deparsedLength(_ text: String) -> Int {
        text.unicodeScalars.reduce(2) {
            $0 + ($1.value >= 0x80 ? 10 : $1.value < 0x20 ? 4 : "\"\\".contains(Character($1)) ? 2 : 1)
        }
    }

    private func addMetrics(_ path: String, to row: inout JSONObject) throws {
        let frame = try document(path) ?? JSONObject()
        var rows: Int?
        var completed = 0
        for column in frame.members {
            if column.name.utf8.count > Self.longestName {
                throw Failure(path, "variable names are limited to 10000 bytes")
            }
            guard let values = column.value.array else { throw Failure(path, "\(column.name) is no column") }
            if values.contains(where: \.isContainer) { throw Failure(path, "\(column.name) is no vector") }
            if let rows, rows != values.count {
                throw Failure(path, "arguments imply differing number of rows: \(rows), \(values.count)")
            }
            rows = values.count
            if column.name == "epoch" { continue }
            // NaN is NA to `is.na()`.
            let present = values.filter { $0 != .null && $0 != "NA" && $0 != "NaN" }
            completed = present.count
            if let last = present.last { row["metric_" + column.name] = last }
        }
        let unit = row["steps"] != nil || row["epochs"] == nil ? "steps" : "epochs"
        row[unit + "_completed"] = .number(JSONNumber(completed))
    }

    private func addError(_ path: String, to row: inout JSONObject) throws {
        guard let error = try document(path) else { return }
        guard let message = error["message"]?.string else { throw Failure(path, "the message is no text") }
        row["error_message"] = .string(message)
        let traceback = error["traceback"] ?? []
        let lines = traceback.string.map { [$0] } ?? traceback.array?.compactMap(\.string)
        guard let lines else { throw Failure(path, "the traceback is no text") }
        row["error_traceback"] = .string(lines.joined(separator: "\n"))
    }

    /// An object of JSON, to which bare NaN does not belong; nil where there is no file.
    private func document(_ path: String) throws -> JSONObject? {
        guard let text = contents(of: path) else { return nil }
        let value: JSONValue
        do { value = try JSONValue.parse(text) } catch { throw Failure(path, "it is no JSON: \(error)") }
        guard let object = value.object else { throw Failure(path, "it is no object") }
        return object
    }
}
