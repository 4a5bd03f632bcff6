internal import Access
internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// `/series`: metrics of many runs at once, each reduced to some points, for plots.
extension RunAPI {
    static let seriesRoutes: [Route] = [
        Route("querySeries", .get, "/series", .read, query: .fields, reply: RunAPI.querySeries).about(.inScope)
    ]

    func querySeries(_ request: RunRequest) throws -> HTTPResponse {
        let exchange = request.exchange
        let query = try SeriesQuery(exchange)
        let runs = try named(query.runs, request)
        let series = try store.series(query.selection, of: runs) { !exchange.isAbandoned }
        let texts = zip(runs, series).map { SeriesText.text($1, of: $0, query.format) }
        if texts.reduce(0, { $0 + $1.count }) > SeriesSelection.mostText.most { throw StoreError.seriesTooLarge }
        return HTTPResponse(
            status: 200, headers: [("Content-Type", query.format.mediaType), ("Vary", "Accept")],
            body: .bytes(SeriesText.reply(texts, query.format)))
    }

    /// The runs of a list of names: each once, all in the scope of the sender's grant.
    func named(_ names: [String], _ request: RunRequest) throws -> [RunID] {
        var seen: Set<RunID> = []
        return try names.map { name in
            let target = name == "active" ? RunTarget.active(request.session) : RunID(name).map { .run($0) }
            guard let target else {
                throw Problem.invalidName("\"\(name.shown(atMost: 200))\" is not a run id; \(RunID.rule)")
            }
            guard let run = try store.resolve(target) else { throw Problem.noActiveRun }
            try request.exchange.requireScope(of: run)
            guard seen.insert(run).inserted else {
                throw Problem.invalidQuery("the run \"\(run)\" is named twice; name each run once")
            }
            return run
        }
    }
}

/// Series as text.
enum SeriesText {
    /// The series of a run: JSON objects separated by commas, or lines of CSV.
    static func text(_ series: [MetricsSeries], of run: RunID, _ format: SeriesQuery.Format) -> [UInt8] {
        var output: [UInt8] = []
        for series in series {
            switch format {
            case .json: appendObject(series, run, &output)
            case .csv: appendLines(series, run, &output)
            }
        }
        return output
    }

    private static func appendObject(_ series: MetricsSeries, _ run: RunID, _ output: inout [UInt8]) {
        let head: JSONObject = [
            "run": .string(run.description), "metric": .string(series.metric), "axis": .string(series.axis.rawValue),
        ]
        if !output.isEmpty { output.append(contentsOf: ",\n".utf8) }
        output += JSONWriter.compact(.object(head)).dropLast()
        output.append(contentsOf: ",\"x\":[".utf8)
        output += series.x
        output.append(contentsOf: "],\"y\":[".utf8)
        output += series.y
        output.append(contentsOf: "]}".utf8)
    }

    private static func appendLines(_ series: MetricsSeries, _ run: RunID, _ output: inout [UInt8]) {
        var head: [UInt8] = []
        CSV.append([run.description, series.metric, series.axis.rawValue], to: &head)
        head.append(UInt8(ascii: ","))
        let comma = UInt8(ascii: ",")
        for (x, y) in zip(series.x.split(separator: comma), series.y.split(separator: comma)) {
            output += head
            output += x
            output.append(comma)
            CSV.append(to: &output) { $0 += y }
            output.append(UInt8(ascii: "\n"))
        }
    }

    /// The reply made of the texts of all runs.
    static func reply(_ texts: [[UInt8]], _ format: SeriesQuery.Format) -> [UInt8] {
        let texts = texts.filter { !$0.isEmpty }
        switch format {
        case .json:
            return Array("{\"series\":[\n".utf8) + texts.joined(separator: Array(",\n".utf8))
                + Array((texts.isEmpty ? "]}\n" : "\n]}\n").utf8)
        case .csv: return Array("run,metric,axis,x,y\n".utf8) + texts.joined()
        }
    }
}

extension SeriesQuery.Format {
    fileprivate var mediaType: String {
        switch self {
        case .json: "application/json"
        case .csv: "text/csv; charset=utf-8"
        }
    }
}
