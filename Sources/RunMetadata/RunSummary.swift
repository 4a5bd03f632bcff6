package import JSON

/// A run in one row: the columns of tfruns' `ls_runs()`.
package struct RunSummary: Sendable {
    /// The columns in order; those that the run lacks are left out.
    package private(set) var columns = JSONObject()
    /// `min_` and `max_` of each metric that has a finite value. Listed only on request.
    package private(set) var extremes = JSONObject()
    /// Why columns are missing; nil if none are.
    package private(set) var omitted: String?

    /// The most columns of a run, and the most bytes of a column's name. So no run directory can keep others from being
    /// listed.
    package static let mostColumns = 30_000
    static let longestName = 1100

    /// Makes the row.
    /// - Parameters:
    ///   - properties: names and texts
    ///   - flags, evaluation, error: the documents, if any
    ///   - digest: what is known of the metrics, if any
    package init(
        run: RunID, properties: [(name: String, text: String)], flags: JSONObject?, evaluation: JSONObject?,
        error: JSONObject?, digest: MetricsDigest?
    ) {
        columns["run"] = .string(run.description)
        let values = properties.compactMap { PropertyColumn($0.name, $0.text) }
        let leading = ["start", "end", "completed", "type", "context", "script"]
        for name in leading {
            if let value = values.first(where: { $0.name == name })?.value { columns[name] = value }
        }
        if let flags { add(flags, as: .flags) }
        for metric in digest?.metrics ?? [] {
            set("metric_" + metric.name, .number(metric.last))
            if columns["metric_" + metric.name] != nil { setExtremes(of: metric) }
        }
        if let evaluation { add(evaluation, as: .evaluation) }
        if let message = error?["message"] { columns["error_message"] = .string(Self.text(message)) }
        if let traceback = error?["traceback"].flatMap(Self.lines) { columns["error_traceback"] = .string(traceback) }
        for column in values where columns[column.name] == nil {
            set(extremes[column.name] == nil ? column.name : PropertyColumn.prefix + column.name, column.value)
        }
        let isBySteps = properties.contains { $0.name == "steps" } || !properties.contains { $0.name == "epochs" }
        columns[isBySteps ? Self.stepsCompleted : Self.epochsCompleted] = .number(JSONNumber(digest?.completed ?? 0))
    }

    /// Makes a row from stored columns.
    package init(columns: JSONObject, extremes: JSONObject = JSONObject()) {
        (self.columns, self.extremes) = (columns, extremes)
    }

    /// The value of a column, also of those listed only on request.
    package subscript(column: String) -> JSONValue? { columns[column] ?? extremes[column] }

    /// All columns, including those listed only on request.
    package var all: [JSONObject.Member] { columns.members + extremes.members }

    /// The usual columns and those asked for.
    package func columns(with asked: [RunColumnName]) -> JSONObject {
        var columns = columns
        for column in asked where columns[column.name] == nil { columns[column.name] = extremes[column.name] }
        return columns
    }

    /// Updates the columns of metrics with new rows.
    /// - Returns: false if there is a new metric, so that the row has to be rebuilt
    package mutating func update(_ digest: MetricsDigest) -> Bool {
        if digest.metrics.count >= Self.mostColumns { return false }
        for metric in digest.metrics {
            guard columns["metric_" + metric.name] != nil,
                (extremes[Self.least + metric.name] == nil) == (metric.range == nil)
            else { return false }
            columns["metric_" + metric.name] = .number(metric.last)
            setExtremes(of: metric)
        }
        let completed = columns[Self.epochsCompleted] == nil ? Self.stepsCompleted : Self.epochsCompleted
        columns[completed] = .number(JSONNumber(digest.completed))
        return true
    }

    private mutating func setExtremes(of metric: MetricsDigest.Metric) {
        guard let range = metric.range else { return }
        extremes[Self.least + metric.name] = .number(JSONNumber(range.lowerBound))
        extremes[Self.greatest + metric.name] = .number(JSONNumber(range.upperBound))
    }

    private static let least = "min_"
    private static let greatest = "max_"

    /// A run has one of these columns: the number of values of its last metric. It counts epochs if the run has the
    /// property `epochs` and not `steps`, whatever their values.
    private static let stepsCompleted = "steps_completed"
    private static let epochsCompleted = "epochs_completed"

    /// A traceback as `ls_runs()` shows it: one text, a call per line.
    private static func lines(_ traceback: JSONValue) -> String? {
        traceback.string ?? traceback.array?.compactMap(\.string).joined(separator: "\n")
    }

    /// An error's message, which is a text unless another program wrote it.
    private static func text(_ message: JSONValue) -> String {
        message.unboxed.string ?? String(decoding: JSONWriter.compact(message), as: UTF8.self)
    }

    /// The value of the property `completed`; nil if it has none.
    package var completed: Bool? { columns["completed"]?.bool }

    /// When it started, seconds since 1970; 0 if unknown.
    package var start: Double { columns["start"]?.number.flatMap { $0.isFinite ? $0.double : nil } ?? 0 }

    /// When the run was last written to, seconds since 1970, to the millisecond. Never before the run's start, which
    /// may come from another clock.
    /// - Parameter written: the time according to the files
    package func updated(_ written: Double) -> Double {
        let rounded = (written * 1000).rounded() / 1000
        guard let start = columns["start"]?.number?.double, ISOTime.range.contains(start) else { return rounded }
        return max(rounded, start)
    }

    /// The run's status.
    /// - Parameters:
    ///   - updated: when something was last written, seconds since 1970
    ///   - now: the current time, likewise
    ///   - staleAfter: seconds without a write after which a running run is stale
    package func status(updated: Double, now: Double, staleAfter: Double) -> RunStatus {
        if columns["error_message"] != nil { return .failed }
        if columns["end"] != nil || columns[PropertyColumn.prefix + "end"] != nil {
            return completed == true ? .completed : .stopped
        }
        return now - updated > staleAfter ? .stale : .running
    }

    private mutating func add(_ list: JSONObject, as kind: ListColumns.Kind) {
        let found = ListColumns(list, kind, room: Self.mostColumns - columns.count)
        for column in found.columns.members { set(column.name, column.value) }
        if let reason = found.omitted { omit(reason) }
    }

    private mutating func set(_ name: String, _ value: JSONValue) {
        if columns.count >= Self.mostColumns { return omit(Self.tooMany) }
        if name.utf8.count > Self.longestName { return omit(Self.tooLong) }
        if MetadataName.hasControl(name) { return omit("names with control characters") }
        columns[name] = value
    }

    private mutating func omit(_ reason: String) { omitted = omitted ?? reason }

    static let tooMany = "over \(mostColumns) columns"
    static let tooLong = "names of over \(longestName) bytes"
}
