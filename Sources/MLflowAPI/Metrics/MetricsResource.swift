internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// `metrics/get-history` and its variants for several runs.
extension MLflowAPI {
    static let metricRoutes: [MLflowRoute] = [
        MLflowRoute(.get, "/mlflow/metrics/get-history", .read, on: .long, reply: MLflowAPI.getHistory),
        MLflowRoute(.get, "/mlflow/metrics/get-history-bulk", .read, on: .long, reply: MLflowAPI.getHistoryBulk),
        MLflowRoute(
            .get, "/mlflow/metrics/get-history-bulk-interval", .read, on: .long,
            reply: MLflowAPI.getHistoryBulkInterval),
    ]

    /// The most values of a reply. MLflow's client asks for pages of 25,000.
    private static let mostValues = 1_000_000
    /// The most runs of a bulk request.
    private static let mostRuns = 100

    func getHistory(_ call: MLflowCall) throws -> JSONObject {
        let (run, key) = (try call.run(), try call.parameters.required("metric_key"))
        let most = try call.parameters.whole("max_results") ?? Self.mostValues
        guard most > 0 else { throw MLflowError.invalid("Invalid value \(most) for parameter 'max_results'") }
        let place = try Self.place(call.parameters.text("page_token") ?? "")
        let (entries, next) = try history(of: run, key, from: place, atMost: min(most, Self.mostValues), call.exchange)
        var reply = JSONObject()
        if !entries.isEmpty { reply["metrics"] = .array(entries.map(\.json)) }
        reply["next_page_token"] = next.map { .string("\($0.offset)-\($0.line)") }
        return reply
    }

    func getHistoryBulk(_ call: MLflowCall) throws -> JSONObject {
        let most = min(try call.parameters.whole("max_results") ?? 25_000, Self.mostValues)
        var left = max(most, 0)
        return try bulk(call) { run, key in
            let entries = try history(of: run, key, from: MetricLog.Place(), atMost: max(left, 1), call.exchange)
                .entries
            left -= entries.count
            return left < 0 ? [] : entries
        }
    }

    /// The values of some steps. Where there are more than `max_results` of a run, values at equal distances, and the last one.
    func getHistoryBulkInterval(_ call: MLflowCall) throws -> JSONObject {
        let parameters = call.parameters
        let (from, to) = (try parameters.whole("start_step") ?? .min, try parameters.whole("end_step") ?? .max)
        if from > to {
            throw MLflowError.invalid(
                "end_step must be greater than start_step. Found start_step=\(from) and end_step=\(to)")
        }
        let most = try parameters.whole("max_results") ?? 320
        guard (1...2500).contains(most) else {
            throw MLflowError.invalid("max_results must be from 1 to 2500. Found \(most)")
        }
        return try bulk(call) { run, key in
            let entries = try history(of: run, key, from: MetricLog.Place(), atMost: Self.mostValues, call.exchange)
                .entries.filter { $0.step >= from && $0.step <= to }.sorted { $0.step < $1.step }
            if entries.count <= most { return entries }
            let stride = Double(entries.count - 1) / Double(max(most - 1, 1))
            return (0..<most).map { entries[Int((Double($0) * stride).rounded())] }
        }
    }

    private func bulk(_ call: MLflowCall, _ read: (RunID, String) throws -> [MetricEntry]) throws -> JSONObject {
        let key = try call.parameters.required("metric_key")
        let names = try call.parameters.texts("run_ids") + call.parameters.texts("run_id")
        if names.isEmpty { throw MLflowError.missing("run_ids") }
        if names.count > Self.mostRuns {
            throw MLflowError.invalid("GetMetricHistoryBulk request cannot specify more than \(Self.mostRuns) run_ids")
        }
        var metrics: [JSONValue] = []
        for name in names {
            guard let run = RunID(name) else { throw MLflowError.unknownRun(name) }
            for entry in try read(run, key) {
                var object = entry.object
                object["run_id"] = .string(name)
                metrics.append(.object(object))
            }
        }
        return metrics.isEmpty ? JSONObject() : ["metrics": .array(metrics)]
    }

    /// Values of a metric in the order in which they were sent.
    /// - Returns: also where the next page begins, if there is one
    private func history(
        of run: RunID, _ key: String, from place: MetricLog.Place, atMost most: Int, _ exchange: HTTPExchange
    ) throws -> (entries: [MetricEntry], next: MetricLog.Place?) {
        let start = RunRecord(try snapshot(of: run)).start
        let name = MLflowName.row(ofMetric: key)
        var entries: [MetricEntry] = []
        var next: MetricLog.Place?
        guard let log = try MetricLog(store, run) else { return (try frameHistory(of: run, key, name, start), nil) }
        var before = place
        try log.each(from: place, with: name) { row in
            if let entry = row.entry(key, name) {
                if entries.count == most {
                    next = before
                    return false
                }
                entries.append(entry.timed(start))
                if entries.count % 4096 == 0 { try exchange.checkPresence() }
            }
            before = row.next
            return true
        }
        return (entries, next)
    }

    /// The values of a frame that was sent whole, or written by another program: a row has no time of its own.
    private func frameHistory(of run: RunID, _ key: String, _ name: String, _ start: Int) throws -> [MetricEntry] {
        guard let reading = try store.metrics(MetricsSelection(), of: run, while: { true }) else { return [] }
        var entries: [MetricEntry] = []
        var line = 0
        for index in 0..<reading.partCount {
            try reading.part(index).withRows { frame, rows in
                var output = MetricsOutput(format: .ndjson, columns: reading.columns)
                let columns = reading.columns.map { name in frame.columns.firstIndex { $0.name == name } }
                for row in rows {
                    var text: [UInt8] = []
                    output.append(row: row, of: frame, columns: columns, to: &text)
                    line += 1
                    guard let object = try? JSONValue.parse(text).object else { continue }
                    let row = MetricLog.Row(object: object, next: MetricLog.Place(offset: 0, line: line))
                    if let entry = row.entry(key, name) { entries.append(entry.timed(start)) }
                }
            }
        }
        return entries
    }

    private static func place(_ token: String) throws(MLflowError) -> MetricLog.Place {
        if token.isEmpty { return MetricLog.Place() }
        let parts = token.split(separator: "-").map { Int($0) }
        guard parts.count == 2, let offset = parts[0], let line = parts[1] else {
            throw .invalid("Invalid page token; use the one of the previous page")
        }
        return MetricLog.Place(offset: offset, line: line)
    }
}

extension MetricEntry {
    /// The same with a time, if it has none.
    fileprivate func timed(_ time: Int) -> MetricEntry {
        timestamp != 0 ? self : MetricEntry(key: key, value: value, timestamp: time, step: step)
    }
}
