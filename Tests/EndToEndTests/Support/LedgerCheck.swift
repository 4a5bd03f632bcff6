import JSON
import TestSupport
import Testing

/// Looks for all that the clients' ledgers say, over HTTP and in the files.
struct LedgerCheck {
    let server: Server
    let ledgers: [WriteLedger]
    /// What says which round it is, in messages.
    let round: String

    /// Checks every run that the clients wrote to.
    func run() throws {
        let client = try server.connect()
        for run in ledgers.reduce(into: Set<String>(), { $0.formUnion($1.runs) }).sorted() {
            if !ledgers.contains(where: { $0.initialised.contains(run) }) {
                // It was pending, unless a request that was not answered initialised it.
                let reply = try client.send("PUT", "/runs/\(run)")
                #expect((200...201).contains(reply.status), "\(round): \(run): \(reply.text)")
            }
            let reply = try client.send("GET", "/runs/\(run)")
            #expect(reply.status == 200, "\(round): \(run): \(reply.text)")
            let status = try reply.json["status"]?.string
            let isCompleted = ledgers.contains { $0.completed.contains(run) }
            #expect(isCompleted ? status == "completed" : status != "pending", "\(round): \(run)")
            try checkRows(run, client)
            try checkProperties(run, client)
            try checkDocuments(run, client)
        }
    }

    private func checkRows(_ run: String, _ client: HTTPClient) throws {
        let told = ledgers.reduce(into: [Int: String]()) { $0.merge($1.rows[run] ?? [:]) { $1 } }
        let reply = try client.send("GET", "/runs/\(run)/metadata/metrics")
        guard reply.status == 200 else {
            #expect(told.isEmpty, "\(round): \(run): metrics got \(reply.status)")
            return
        }
        let frame = try reply.json
        let epochs = frame["epoch"]?.array?.compactMap { $0.number?.int } ?? []
        let losses = frame["loss"]?.array?.map { $0.number?.text ?? "" } ?? []
        #expect(epochs == epochs.sorted(), "\(round): \(run): rows out of order")
        expect(Array(zip(epochs, losses)), hold: told, run, "GET")
        let lines = server.text("metrics.ndjson", of: run)?.split(separator: "\n") ?? []
        let rows = try lines.map { try JSONValue.parse(String($0)) }
        expect(
            rows.map { ($0["epoch"]?.number?.int ?? -1, $0["loss"]?.number?.text ?? "") }, hold: told, run, "the file")
    }

    /// Expects all rows that were acknowledged, each once, and beside them only requests that were not answered, whole.
    private func expect(_ found: [(Int, String)], hold told: [Int: String], _ run: String, _ place: String) {
        let rows = Dictionary(found.map { ($0.0, $0.1) }) { first, _ in first }
        #expect(rows.count == found.count, "\(round): \(run): \(place) has a row twice")
        for (epoch, loss) in told {
            #expect(rows[epoch] == loss, "\(round): \(run): \(place) lost the acknowledged epoch \(epoch)")
        }
        var others = Set(rows.keys).subtracting(told.keys)
        for ledger in ledgers {
            let asked = Set(ledger.askedRows(run).map(\.epoch))
            let there = others.intersection(asked)
            #expect(there.isEmpty || there == asked, "\(round): \(run): \(place) has half a request: \(there)")
            others.subtract(asked)
        }
        #expect(others.isEmpty, "\(round): \(run): \(place) has rows that nobody sent: \(others)")
    }

    private func checkProperties(_ run: String, _ client: HTTPClient) throws {
        let found = try client.send("GET", "/runs/\(run)/metadata/properties").json
        for ledger in ledgers {
            for (name, text) in ledger.properties[run] ?? [:] {
                let texts = [text, ledger.askedProperty(run, name)]
                let place = "\(round): \(run): property \(name)"
                let read = try #require(found[name]?.string, "\(place) was lost")
                #expect(texts.contains(read), "\(place)")
                #expect(server.text("properties/\(name)", of: run) == read + "\n", "\(place) in the file")
            }
        }
    }

    private func checkDocuments(_ run: String, _ client: HTTPClient) throws {
        for ledger in ledgers {
            if let flags = ledger.flags[run] {
                let reply = try client.send("GET", "/runs/\(run)/metadata/flags")
                let found = try reply.json.object
                #expect([flags, ledger.askedFlags(run)].contains(found), "\(round): \(run): \(reply.text)")
                #expect(server.file("flags.json", of: run) == reply.body, "\(round): \(run): flags.json")
            }
            if let source = ledger.sources[run] {
                let found = try client.send("GET", "/runs/\(run)/metadata/source").body
                let isWhole = found == source || found == ledger.askedSource(run)
                #expect(isWhole, "\(round): \(run): source")
                let isSameInFile = server.file("source.tar.gz", of: run) == found
                #expect(isSameInFile, "\(round): \(run): source.tar.gz")
            }
        }
    }
}
