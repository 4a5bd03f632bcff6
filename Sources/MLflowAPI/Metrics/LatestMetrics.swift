internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// The last value of each metric with its step and time: that of the greatest step, of equal steps the latest.
enum LatestMetrics {
    /// - Parameter wanted: the names of metrics in rows; reading ends once all are found
    /// - Throws: also if nobody waits for the exchange's reply any longer
    static func read(
        _ store: any RunStore, _ run: RunID, wanted: [String], for exchange: HTTPExchange
    ) throws -> [MetricEntry] {
        guard let log = try MetricLog(store, run) else { return [] }
        var found: [ExactText: MetricEntry] = [:]
        var order: [ExactText] = []
        let wanted = wanted.map { ExactText(MLflowName.metric(ofRow: $0)) }
        try log.eachPartFromTheEnd { rows in
            try exchange.checkPresence()
            // What earlier parts have is older: it counts only for names that are not there yet.
            var part: [ExactText: MetricEntry] = [:]
            for (index, object) in rows.enumerated() {
                let row = MetricLog.Row(object: object, line: index)
                for member in object.members where !isKey(member.name) {
                    let key = MLflowName.metric(ofRow: member.name)
                    guard let entry = row.entry(key, member.name) else { continue }
                    if let known = part[ExactText(key)], isBefore(entry, known) { continue }
                    part[ExactText(key)] = entry
                }
            }
            for (key, entry) in part where found[key] == nil {
                found[key] = entry
                order.append(key)
            }
            return !wanted.allSatisfy { found[$0] != nil }
        }
        return order.sorted().compactMap { found[$0] }
    }

    private static func isKey(_ name: String) -> Bool { [.step, .time, .frame].contains(MetricsColumnRole(name)) }

    private static func isBefore(_ one: MetricEntry, _ other: MetricEntry) -> Bool {
        (one.step, one.timestamp) < (other.step, other.timestamp)
    }
}
