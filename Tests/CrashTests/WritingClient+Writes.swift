import JSON
import TestSupport

/// One write of each kind.
extension WritingClient {
    func initialise(_ run: String, _ client: HTTPClient) throws {
        let headers = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        try write(.initialised(run: run), client) { try client.send("PUT", "/runs/\(run)", headers: headers) }
    }

    func initialiseWithoutID(_ client: HTTPClient) throws {
        try write(.initialised(run: nil), client) { try client.sendEmpty("POST", "/runs", session: "other-\(index)") }
    }

    func rows(_ size: Int) -> [StoredFact.MetricsRow] {
        count += 1
        return (0..<size).map { part in
            StoredFact.MetricsRow(epoch: index * 10_000_000 + count * 10 + part, loss: "\(count).\(index)25")
        }
    }

    func writeRows(to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        let rows = rows(Int.random(in: 0..<4, using: &numbers) == 0 ? 3 : 1)
        let texts = rows.map { "{\"epoch\": \($0.epoch), \"loss\": \($0.loss)}" }
        let body = rows.count == 1 ? texts[0] : "[\(texts.joined(separator: ","))]"
        try write(.rows(run: run, rows), client) {
            try client.sendJSON(
                "POST", "/runs/\(target ?? run)/metadata/metrics", body, session: ledger.sessions[run])
        }
    }

    /// A frame takes the place of the rows, and rows come behind it.
    func writeFrameOrRow(_ client: HTTPClient) throws {
        let run = "\(prefix)-frame-\(index)"
        guard ledger.rows[run]?.isEmpty == false, Bool.random(using: &numbers) else {
            let rows = rows(Int.random(in: 1..<4, using: &numbers))
            let epochs = rows.map { "\($0.epoch)" }.joined(separator: ", ")
            let losses = rows.map(\.loss).joined(separator: ", ")
            return try write(.frame(run: run, rows), client) {
                try client.sendJSON(
                    "POST", "/runs/\(run)/metadata/metrics?replace=true",
                    "{\"epoch\": [\(epochs)], \"loss\": [\(losses)]}")
            }
        }
        try writeRows(to: run, client)
    }

    func writeOutput(to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        count += 1
        let lines = (0..<Int.random(in: 1..<4, using: &numbers)).map { "client \(index), line \(count).\($0)" }
        let session = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        try write(.output(run: run, lines), client) {
            try client.send(
                "POST", "/runs/\(target ?? run)/metadata/output", type: "text/plain", headers: session,
                text: lines.map { $0 + "\n" }.joined())
        }
    }

    func writeProperty(of run: String, as target: String? = nil, _ client: HTTPClient) throws {
        count += 1
        let name = Bool.random(using: &numbers) ? "p\(index)" : "p\(index)-\(count)"
        try write(.property(run: run, name: name, text: "\(count)"), client) {
            try client.sendJSON(
                "POST", "/runs/\(target ?? run)/metadata/properties", "{\"\(name)\": \(count)}",
                session: ledger.sessions[run])
        }
    }

    /// Merges one property, or takes it away.
    func changeProperties(_ client: HTTPClient) throws {
        count += 1
        let text = Bool.random(using: &numbers) ? "\(count)" : nil
        try write(.property(run: own, name: "m\(index)", text: text), client) {
            try client.sendJSON("PATCH", "/runs/\(own)/metadata/properties", "{\"m\(index)\": \(text ?? "null")}")
        }
    }

    func replaceDocument(_ type: String, of run: String? = nil, as target: String? = nil, _ client: HTTPClient)
        throws
    {
        count += 1
        let run = run ?? own
        let object: JSONObject = ["lr": .number(JSONNumber(count)), "by": .number(JSONNumber(index))]
        try write(.document(run: run, type: type, object), client) {
            try client.sendJSON(
                "POST", "/runs/\(target ?? run)/metadata/\(type)",
                String(decoding: JSONWriter.compact(.object(object)), as: UTF8.self), session: ledger.sessions[run])
        }
    }

    func mergeDocument(_ type: String, _ client: HTTPClient) throws {
        count += 1
        var object = ledger.documents[own]?[type] ?? JSONObject()
        object["merged"] = .number(JSONNumber(count))
        try write(.document(run: own, type: type, object), client) {
            try client.sendJSON("PATCH", "/runs/\(own)/metadata/\(type)", "{\"merged\": \(count)}")
        }
    }

    func uploadSource(to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        guard let archive = archives.randomElement(using: &numbers) else { return }
        let session = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        try write(.source(run: run, archive), client) {
            try client.send(
                "POST", "/runs/\(target ?? run)/metadata/source", type: "application/gzip", headers: session,
                body: archive)
        }
    }

    func writeArtifact(_ name: String, to run: String, as target: String? = nil, _ client: HTTPClient) throws {
        count += 1
        let session = ledger.sessions[run].map { [("Run-Session", $0)] } ?? []
        let bytes = Array((String(repeating: "\(count)\n", count: 1000) + "end\n").utf8)
        try write(.artifact(run: run, path: "models/\(name)", bytes), client) {
            try client.send(
                "PUT", "/runs/\(target ?? run)/files/models/\(name)", type: "application/octet-stream",
                headers: session, body: bytes)
        }
    }

    func removeArtifact(_ name: String, of run: String, _ client: HTTPClient) throws {
        guard ledger.artifacts[run]?["models/\(name)"] ?? nil != nil else { return }
        try write(.artifact(run: run, path: "models/\(name)", nil), client) {
            try client.send("DELETE", "/runs/\(run)/files/models/\(name)")
        }
    }
}
