import JSON
import TestSupport

/// Looks for all that the clients' ledgers say, over HTTP and in the files, and for what they do not say.
struct LedgerCheck {
    /// A run's file by the run and a path in its directory; nil where there is none.
    typealias Files = (_ run: String, _ path: String) throws -> [UInt8]?

    private let ledgers: [WriteLedger]
    private let files: Files
    /// What is not as it should be.
    private(set) var faults: [String] = []

    /// Checks every run that the clients wrote to; initialises those that are pending.
    /// - Parameter others: of clients whose runs may be there too
    init(_ server: Server, _ ledgers: [WriteLedger], others: [WriteLedger] = []) throws {
        try self.init(server, ledgers) { run, path in contents(of: "\(server.runs)/\(run)/\(path)") }
        let known = (ledgers + others).reduce(into: Set<String>()) { $0.formUnion($1.runs) }
        let unknown = (ledgers + others).reduce(0) { $0 + $1.unknownRuns }
        faults += StrayFiles(server.runs, runs: known, unknownRuns: unknown).faults
    }

    /// The same where the files are elsewhere; what is there besides is not looked for.
    init(_ server: Server, _ ledgers: [WriteLedger], files: @escaping Files) throws {
        (self.ledgers, self.files) = (ledgers, files)
        let client = try server.connect()
        let runs = ledgers.reduce(into: Set<String>()) { $0.formUnion($1.runs) }
        for run in runs.sorted() {
            let isGone = try client.send("GET", "/runs/\(run)").status == 404
            if ledgers.contains(where: { $0.deleted.contains(run) }) {
                if !ledgers.contains(where: { $0.mayBeInitialised(run) }) {
                    expect(isGone, run, "was deleted, and is there")
                    continue
                }
                if isGone { continue }
            } else if isGone, ledgers.contains(where: { $0.mayBeDeleted(run) }) {
                continue
            }
            if !ledgers.contains(where: { $0.initialised.contains(run) }) {
                // It was pending, unless a request that was not answered initialised it.
                let session = ledgers.compactMap { $0.sessions[run] }.first
                let reply = try client.send(
                    "PUT", "/runs/\(run)", headers: session.map { [("Run-Session", $0)] } ?? [])
                expect((200...201).contains(reply.status), run, reply.text)
            }
            try check(run, client)
        }
    }

    /// A file of a run's metadata.
    private func file(_ name: String, of run: String) throws -> [UInt8]? { try files(run, "tfruns.d/\(name)") }

    private func text(_ name: String, of run: String) throws -> String? {
        try file(name, of: run).map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func expect(_ isSo: Bool, _ run: String, _ message: @autoclosure () -> String) {
        if !isSo { faults.append("\(run): \(message())") }
    }

    private mutating func check(_ run: String, _ client: HTTPClient) throws {
        let reply = try client.send("GET", "/runs/\(run)")
        expect(reply.status == 200, run, reply.text)
        let status = try reply.json["status"]?.string
        if let end = ledgers.compactMap({ $0.ended[run] }).first {
            expect(status == end.rawValue, run, "\(status ?? "") instead of \(end)")
        } else if !ledgers.contains(where: { $0.mayHaveEnded(run) }) {
            expect(status == "running", run, "\(status ?? "") instead of running")
        }
        try checkRows(run, client)
        try checkOutput(run, client)
        try checkProperties(run, client)
        try checkDocuments(run, client)
        try checkSources(run, client)
        try checkArtifacts(run, client)
    }

    // MARK: Metrics

    private mutating func checkRows(_ run: String, _ client: HTTPClient) throws {
        let told = ledgers.reduce(into: [Int: String]()) { $0.merge($1.rows[run] ?? [:]) { $1 } }
        let reply = try client.send("GET", "/runs/\(run)/metadata/metrics")
        guard reply.status == 200 else {
            expect(told.isEmpty && reply.status == 404, run, "metrics got \(reply.status)")
            expect(try self.file("metrics.ndjson", of: run) == nil, run, "metrics are in the file only")
            return
        }
        let frame = Self.rows(of: try reply.json)
        expect(frame.map(\.0) == frame.map(\.0).sorted(), run, "rows out of order")
        expect(frame, hold: told, run, "GET")
        guard let file = try text("metrics.ndjson", of: run) else {
            let frame = try JSONValue.parse(text("metrics.json", of: run) ?? "{}")
            return expect(Self.rows(of: frame), hold: told, run, "metrics.json")
        }
        let rows = try file.split(separator: "\n").map { try JSONValue.parse(String($0)) }
        expect(
            rows.map { ($0["epoch"]?.number?.int ?? -1, $0["loss"]?.number?.text ?? "") }, hold: told, run,
            "metrics.ndjson")
    }

    private static func rows(of frame: JSONValue) -> [(Int, String)] {
        let epochs = frame["epoch"]?.array?.compactMap { $0.number?.int } ?? []
        return Array(zip(epochs, frame["loss"]?.array?.map { $0.number?.text ?? "" } ?? []))
    }

    /// Expects all rows that were acknowledged, each once, and beside them only requests that were not answered, whole.
    private mutating func expect(_ found: [(Int, String)], hold told: [Int: String], _ run: String, _ place: String) {
        let rows = Dictionary(found.map { ($0.0, $0.1) }) { first, _ in first }
        expect(rows.count == found.count, run, "\(place) has a row twice")
        if ledgers.contains(where: { $0.doubtfulFrames(run).contains(rows) }) { return }
        for (epoch, loss) in told where rows[epoch] != loss {
            expect(false, run, "\(place) lost the acknowledged epoch \(epoch)")
        }
        var others = Set(rows.keys).subtracting(told.keys)
        for asked in ledgers.flatMap({ $0.doubtfulRows(run) }) {
            let there = asked.filter { rows[$0.epoch] == $0.loss }
            expect(there.isEmpty || there.count == asked.count, run, "\(place) has half a request: \(there)")
            others.subtract(there.map(\.epoch))
        }
        expect(others.isEmpty, run, "\(place) has rows that nobody sent, or that were refused: \(others)")
    }

    // MARK: Output

    /// Expects all lines that were acknowledged, each client's in order and once, and beside them only requests that
    /// were not answered, whole.
    private mutating func checkOutput(_ run: String, _ client: HTTPClient) throws {
        let told = ledgers.map { $0.output[run] ?? [] }
        let doubtful = ledgers.flatMap { $0.doubtfulOutput(run) }
        let reply = try client.send("GET", "/runs/\(run)/metadata/output")
        guard reply.status == 200 else {
            return expect(told.allSatisfy(\.isEmpty) && reply.status == 404, run, "output got \(reply.status)")
        }
        expect(try file("properties/output", of: run) == reply.body, run, "output is not what was read")
        let lines = reply.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        expect(lines.last == "", run, "output ends amid a line")
        let found = Array(lines.dropLast())
        expect(Set(found).count == found.count, run, "output has a line twice")
        for lines in told {
            let known = Set(lines)
            expect(found.filter(known.contains) == lines, run, "output lost lines, or their order")
        }
        var others = Set(found).subtracting(told.joined())
        for asked in doubtful {
            let there = asked.filter(others.contains)
            expect(there.isEmpty || there.count == asked.count, run, "output has half a request: \(there)")
            others.subtract(there)
        }
        expect(others.isEmpty, run, "output has lines that nobody sent, or that were refused: \(others)")
    }

    // MARK: Documents

    private mutating func checkProperties(_ run: String, _ client: HTTPClient) throws {
        let found = try client.send("GET", "/runs/\(run)/metadata/properties").json
        for ledger in ledgers {
            for (name, text) in ledger.properties[run] ?? [:] {
                let texts = [text] + ledger.doubtfulTexts(run, name)
                let read = found[name]?.string
                expect(texts.contains(read), run, "property \(name) is \(read ?? "gone"), not one of \(texts)")
                let file = try self.text("properties/\(name)", of: run)
                expect(file == read.map { $0 + "\n" }, run, "\(name) in the file")
            }
        }
    }

    private mutating func checkDocuments(_ run: String, _ client: HTTPClient) throws {
        for ledger in ledgers {
            for (type, object) in ledger.documents[run] ?? [:] {
                let reply = try client.send("GET", "/runs/\(run)/metadata/\(type)")
                let mayBe = [object] + ledger.doubtfulDocuments(run, type)
                let isOne = try reply.json.object.map(mayBe.contains) == true
                expect(isOne, run, "\(type): \(reply.text)")
                expect(try file("\(type).json", of: run) == reply.body, run, "\(type).json")
            }
        }
    }

    private mutating func checkSources(_ run: String, _ client: HTTPClient) throws {
        for ledger in ledgers {
            guard let source = ledger.sources[run] else { continue }
            let reply = try client.send("GET", "/runs/\(run)/metadata/source")
            let found = reply.body
            let mayBe = [source] + ledger.doubtfulSources(run)
            let isWhole = reply.status == 200 && mayBe.contains(found)
            expect(isWhole, run, "source got \(reply.status), \(found.count) bytes, not one of \(mayBe.map(\.count))")
            let isSameInFile = try file("source.tar.gz", of: run) == found
            expect(isSameInFile, run, "source.tar.gz is not what was read")
        }
    }

    private mutating func checkArtifacts(_ run: String, _ client: HTTPClient) throws {
        for ledger in ledgers {
            for (path, bytes) in ledger.artifacts[run] ?? [:] {
                let reply = try client.send("GET", "/runs/\(run)/files/\(path)")
                expect(reply.status == 200 || reply.status == 404, run, "\(path) got \(reply.status)")
                let found = reply.status == 200 ? reply.body : nil
                let mayBe = [bytes] + ledger.doubtfulArtifacts(run, path)
                expect(mayBe.contains(found), run, "\(path) got \(reply.status): \(reply.text)")
                expect(try files(run, path) == found, run, "\(path) is not what was read")
            }
        }
    }
}
