internal import Dispatch
internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore
internal import Synchronization

/// `/series`: metrics of many runs at once, each reduced to some points, for plots.
extension RunAPI {
    /// Bytes of rows that are read for one reply, and bytes of the reply.
    private static let mostRows = Limit(.bytes, most: 2 << 30)
    private static let mostText = Limit(.bytes, most: 64 << 20)

    static let seriesRoutes: [Route] = [
        Route("querySeries", .get, "/series", .read, query: .fields, reply: RunAPI.querySeries)
    ]

    func querySeries(_ request: RunRequest) throws -> HTTPResponse {
        let exchange = request.exchange
        let query = try SeriesQuery(exchange)
        let runs = try named(query.runs, request)
        var (unknown, rows): ([RunID], [(RunID, any MetricsText)]) = ([], [])
        for run in runs {
            if let found = try store.metricsRows(of: run) {
                rows.append((run, found))
            } else if try store.snapshot(of: run) == nil {
                unknown.append(run)
            }
        }
        if !unknown.isEmpty { throw Problem.unknownRuns(unknown) }
        let bytes = rows.reduce(0) { $0 + $1.1.size }
        if bytes > Self.mostRows.most {
            throw Problem.invalidQuery("the rows of these runs are \(LimitExceeded(Self.mostRows)); name fewer runs")
        }
        let size = Mutex(0)
        let texts = try inParallel(rows) { run, rows in
            try Self.expectRoom(size)
            var question = query.question
            if question.axis == .elapsed { question.start = try self.store.snapshot(of: run)?.start }
            let text = try self.tables.reply(to: .series(question), of: run, rows, exchange.checkPresence) { table in
                try SeriesText(table, question).text(of: run)
            }
            size.withLock { $0 += text.count }
            return text
        }
        try Self.expectRoom(size)
        return HTTPResponse(
            status: 200, headers: [("Content-Type", query.question.format.mediaType), ("Vary", "Accept")],
            body: .bytes(SeriesText.reply(texts, query.question)))
    }

    private static func expectRoom(_ size: borrowing Mutex<Int>) throws(Problem) {
        if size.withLock({ $0 }) > mostText.most {
            throw .invalidQuery(
                "the series are \(LimitExceeded(mostText)); ask for fewer runs, metrics or points")
        }
    }

    /// Asks the same of many runs, on as many threads as there are processors.
    private func inParallel(
        _ runs: [(RunID, any MetricsText)], _ body: @Sendable (RunID, any MetricsText) throws -> [UInt8]
    ) throws -> [[UInt8]] {
        let answers = Mutex([Result<[UInt8], any Error>?](repeating: nil, count: runs.count))
        DispatchQueue.concurrentPerform(iterations: runs.count) { index in
            let answer = Result { try body(runs[index].0, runs[index].1) }
            answers.withLock { $0[index] = answer }
        }
        return try answers.withLock { $0 }.compactMap { try $0?.get() }
    }

    /// The runs of a list of names: each once.
    func named(_ names: [String], _ request: RunRequest) throws -> [RunID] {
        var seen: Set<RunID> = []
        return try names.map { name in
            let target = name == "active" ? RunTarget.active(request.session) : RunID(name).map { .run($0) }
            guard let target else {
                throw Problem.invalidName("\"\(name.shown(atMost: 200))\" is no run id; \(RunID.rule)")
            }
            guard let run = try store.resolve(target) else { throw Problem.noActiveRun }
            guard seen.insert(run).inserted else {
                throw Problem.invalidQuery("the run \"\(run)\" is named twice; name each run once")
            }
            return run
        }
    }
}

/// Writes a run's series down.
struct SeriesText {
    private let table: MetricsTable
    private let question: SeriesQuery.Question
    private let axis: MetricsAxis

    /// Points of a run's series together.
    private static let mostValues = 1_000_000

    init(_ table: MetricsTable, _ question: SeriesQuery.Question) {
        (self.table, self.question) = (table, question)
        axis = question.axis ?? table.axis
    }

    /// The series of a run: JSON objects parted by commas, or lines of CSV. A metric that it has not, or not over the axis, has
    /// none.
    /// - Throws: where the values are too many
    func text(of run: RunID) throws(Problem) -> [UInt8] {
        let columns = question.metrics.map { $0.compactMap { table.column(named: $0.text) } } ?? table.metricColumns
        if columns.count * min(question.points, table.rowCount) > Self.mostValues {
            throw .invalidQuery(
                "\(columns.count) metrics of \(run) with \(question.points) points each are more than the \(Self.mostValues) "
                    + "points that are told of a run; name fewer metrics, or ask for fewer points")
        }
        var output: [UInt8] = []
        for column in columns {
            let series = table.series(
                of: column, over: axis, points: question.points, start: question.start ?? 0, within: question.range)
            if series.count == 0 { continue }
            switch question.format {
            case .json: appendObject(series, table.columns[column].name, run, &output)
            case .csv: appendLines(series, table.columns[column].name, run, &output)
            }
        }
        return output
    }

    private func appendObject(
        _ series: MetricsTable.Series, _ metric: String, _ run: RunID, _ output: inout [UInt8]
    ) {
        let head: JSONObject = [
            "run": .string(run.description), "metric": .string(metric), "axis": .string(axis.rawValue),
        ]
        if !output.isEmpty { output.append(contentsOf: ",\n".utf8) }
        output += JSONWriter.compact(.object(head)).dropLast()
        output.append(contentsOf: ",\"x\":[".utf8)
        for point in 0..<series.count {
            if point > 0 { output.append(UInt8(ascii: ",")) }
            table.append(x: point, of: series, to: &output)
        }
        output.append(contentsOf: "],\"y\":[".utf8)
        for point in 0..<series.count {
            if point > 0 { output.append(UInt8(ascii: ",")) }
            table.append(y: point, of: series, to: &output)
        }
        output.append(contentsOf: "]}".utf8)
    }

    private func appendLines(_ series: MetricsTable.Series, _ metric: String, _ run: RunID, _ output: inout [UInt8]) {
        var head: [UInt8] = []
        CSV.append([run.description, metric, axis.rawValue], to: &head)
        head.append(UInt8(ascii: ","))
        for point in 0..<series.count {
            output += head
            table.append(x: point, of: series, to: &output)
            output.append(UInt8(ascii: ","))
            CSV.append(to: &output) { table.append(y: point, of: series, to: &$0) }
            output.append(UInt8(ascii: "\n"))
        }
    }

    /// The reply that runs' texts make.
    static func reply(_ texts: [[UInt8]], _ question: SeriesQuery.Question) -> [UInt8] {
        let texts = texts.filter { !$0.isEmpty }
        switch question.format {
        case .json:
            return Array("{\"series\":[\n".utf8) + texts.joined(separator: Array(",\n".utf8))
                + Array((texts.isEmpty ? "]}\n" : "\n]}\n").utf8)
        case .csv: return Array("run,metric,axis,x,y\n".utf8) + texts.joined()
        }
    }
}

extension RunSnapshot {
    /// Seconds since 1970; nil where the run has no start.
    fileprivate var start: Double? { summary.columns["start"]?.number?.double }
}

extension SeriesQuery.Format {
    fileprivate var mediaType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8"
        }
    }
}
