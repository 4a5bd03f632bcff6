internal import Access
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
    ].map(\.inScope)

    /// The most values of a reply. MLflow's client asks for pages of 25,000.
    private static let mostValues = 1_000_000
    /// The most runs of a bulk request.
    private static let mostRuns = 100

    func getHistory(_ call: MLflowCall) throws -> JSONObject {
        let (run, key) = (try call.run(), try call.parameters.required("metric_key"))
        let most = try call.parameters.whole("max_results") ?? Self.mostValues
        guard most > 0 else { throw MLflowError.invalid("Invalid value \(most) for parameter 'max_results'") }
        let token = try call.parameters.text("page_token") ?? ""
        guard let start = token.isEmpty ? 0 : Int(token), start >= 0 else {
            throw MLflowError.invalid("Invalid page token; use the one of the previous page")
        }
        let history = try history(of: run, key, call.exchange)
        let first = min(start, history.values.count)
        let end = min(first + min(most, Self.mostValues), history.values.count)
        var reply = JSONObject()
        if end > first { reply["metrics"] = .array(history.entries(first..<end).map(\.json)) }
        if end < history.values.count { reply["next_page_token"] = .string("\(end)") }
        return reply
    }

    func getHistoryBulk(_ call: MLflowCall) throws -> JSONObject {
        var left = max(0, min(try call.parameters.whole("max_results") ?? 25_000, Self.mostValues))
        return try bulk(call) { history in
            let count = min(left, history.values.count)
            left -= count
            return history.entries(0..<count)
        }
    }

    /// The values of some steps, by step. Where there are more than `max_results` of a run, values at equal distances,
    /// with the first and the last one.
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
        return try bulk(call) { history in
            let all = history.entries(0..<history.values.count).filter { $0.step >= from && $0.step <= to }
            // Sorting is stable by the place in the list: values of a step stay in the order of their times.
            let entries = all.enumerated().sorted { ($0.element.step, $0.offset) < ($1.element.step, $1.offset) }
                .map(\.element)
            if entries.count <= most { return entries }
            let stride = Double(entries.count - 1) / Double(max(most - 1, 1))
            return (0..<most).map { entries[Int((Double($0) * stride).rounded())] }
        }
    }

    private func bulk(_ call: MLflowCall, _ choose: (MetricHistory) throws -> [MetricEntry]) throws -> JSONObject {
        let key = try call.parameters.required("metric_key")
        let names = try call.parameters.texts("run_ids") + call.parameters.texts("run_id")
        if names.isEmpty { throw MLflowError.missing("run_ids") }
        if names.count > Self.mostRuns {
            throw MLflowError.invalid("GetMetricHistoryBulk request cannot specify more than \(Self.mostRuns) run_ids")
        }
        var metrics: [JSONValue] = []
        for name in names {
            for entry in try choose(try history(of: try call.run(named: name), key, call.exchange)) {
                var object = entry.object
                object["run_id"] = .string(name)
                metrics.append(.object(object))
            }
        }
        return metrics.isEmpty ? JSONObject() : ["metrics": .array(metrics)]
    }

    // MARK: Reading

    private func history(of run: RunID, _ key: String, _ exchange: HTTPExchange) throws -> MetricHistory {
        let start = RunRecord(try snapshot(of: run)).start
        guard let log = try MetricLog(store, run) else { return try frameHistory(of: run, key, start) }
        if let known = histories.find(key, of: run, log.version) { return known }
        let name = MLflowName.row(ofMetric: key)
        var values: [MetricHistory.Value] = []
        try log.each(with: name, for: exchange) { row in
            guard let value = row.value(name, start) else { return }
            values.append(value)
            if values.count > MetricHistory.most {
                throw StoreError.tooLarge(
                    "The metric has over \(MetricHistory.most) values; read the run's metrics.ndjson")
            }
        }
        let history = MetricHistory(key, values)
        histories.keep(history, of: run, log.version)
        return history
    }

    /// The values of a frame that was sent whole, or written by another program: a row has no time of its own.
    private func frameHistory(of run: RunID, _ key: String, _ start: Int) throws -> MetricHistory {
        let name = MLflowName.row(ofMetric: key)
        var values: [MetricHistory.Value] = []
        guard let reading = try store.metrics(MetricsSelection(), of: run, while: { true }) else {
            return MetricHistory(key, [])
        }
        var line = 0
        for index in 0..<reading.partCount {
            try reading.part(index).withRows { frame, rows in
                var output = MetricsOutput(format: .ndjson, columns: reading.columns)
                let columns = reading.columns.map { name in frame.columns.firstIndex { $0.name == name } }
                for row in rows {
                    var text: [UInt8] = []
                    output.append(row: row, of: frame, columns: columns, to: &text)
                    if let row = MetricsRow(line: text),
                        let value = MetricLog.Row(row: row, line: line).value(name, start)
                    {
                        values.append(value)
                    }
                    line += 1
                }
            }
        }
        return MetricHistory(key, values)
    }
}
