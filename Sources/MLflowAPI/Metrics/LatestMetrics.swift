internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// The last value of each metric with its step and time: that of the greatest step, of equal steps the latest, of equal
/// times the greatest.
enum LatestMetrics {
    /// - Parameter wanted: the names of metrics in rows, and their last values in the run's frame; reading ends once
    ///   these are found. (The frame does not count NaN. A metric whose last value is that has it in its last row.)
    /// - Throws: also if nobody waits for the exchange's reply any longer
    static func read(
        _ store: any RunStore, _ run: RunID, wanted: [(name: String, value: JSONNumber)],
        for exchange: HTTPExchange
    ) throws -> [MetricEntry] {
        guard let log = try MetricLog(store, run) else { return [] }
        var found: [ExactText: MetricEntry] = [:]
        var order: [ExactText] = []
        let wanted = wanted.map { (key: ExactText(MLflowName.metric(ofRow: $0.name)), value: $0.value) }
        try log.eachPartFromTheEnd { rows in
            try exchange.checkPresence()
            var part: [ExactText: MetricEntry] = [:]
            for (index, found) in rows.enumerated() {
                let row = MetricLog.Row(row: found, line: index)
                for member in found.object.members where !isKey(member.name) {
                    let key = MLflowName.metric(ofRow: member.name)
                    guard let entry = row.entry(key, member.name) else { continue }
                    if let known = part[ExactText(key)], isBefore(entry, known) { continue }
                    part[ExactText(key)] = entry
                }
            }
            for (key, entry) in part {
                if let known = found[key] {
                    // Rows of a greater step may have been sent before.
                    if isBefore(known, entry) { found[key] = entry }
                } else {
                    found[key] = entry
                    order.append(key)
                }
            }
            return !wanted.allSatisfy { key, value in
                guard let entry = found[key] else { return false }
                return entry.value == .nan || entry.value.isSameValue(as: value)
            }
        }
        return order.sorted().compactMap { found[$0] }
    }

    private static func isKey(_ name: String) -> Bool { [.step, .time, .frame].contains(MetricsColumnRole(name)) }

    /// By step, then time, then value; NaN comes last (mlflow/store/tracking/sqlalchemy_store.py,
    /// _update_latest_metrics_if_necessary).
    private static func isBefore(_ one: MetricEntry, _ other: MetricEntry) -> Bool {
        if one.step != other.step { return one.step < other.step }
        if one.timestamp != other.timestamp { return one.timestamp < other.timestamp }
        let (value, last) = (one.value.double, other.value.double)
        return value < last || (last.isNaN && !value.isNaN)
    }
}
