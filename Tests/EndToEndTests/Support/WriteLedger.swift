import JSON

/// Something that a client asked a server to store.
enum StoredFact: Sendable {
    case initialised(run: String)
    case completed(run: String)
    /// Rows of one request: all of them are there, or none.
    case rows(run: String, [MetricsRow])
    case property(run: String, name: String, text: String)
    case flags(run: String, JSONObject)
    case source(run: String, [UInt8])

    struct MetricsRow: Sendable {
        let epoch: Int
        let loss: String
    }
}

/// What one client was told is stored, and what it had asked for when the connection broke, which may be stored or not.
///
/// Clients write to places of their own (epochs, property names, runs), so that each knows what has to be there.
struct WriteLedger: Sendable {
    private(set) var initialised: Set<String> = []
    private(set) var completed: Set<String> = []
    /// Losses by run and epoch.
    private(set) var rows: [String: [Int: String]] = [:]
    private(set) var properties: [String: [String: String]] = [:]
    private(set) var flags: [String: JSONObject] = [:]
    private(set) var sources: [String: [UInt8]] = [:]
    /// What was asked for and not answered.
    private(set) var asked: StoredFact?

    /// The runs that were written to.
    var runs: Set<String> {
        initialised.union(completed).union(rows.keys).union(properties.keys).union(flags.keys).union(sources.keys)
    }

    mutating func ask(_ fact: StoredFact) { asked = fact }

    /// The server has acknowledged what it was asked for.
    mutating func acknowledge() {
        switch asked {
        case .initialised(let run): initialised.insert(run)
        case .completed(let run): completed.insert(run)
        case .rows(let run, let rows): for row in rows { self.rows[run, default: [:]][row.epoch] = row.loss }
        case .property(let run, let name, let text): properties[run, default: [:]][name] = text
        case .flags(let run, let object): flags[run] = object
        case .source(let run, let bytes): sources[run] = bytes
        case nil: break
        }
        asked = nil
    }

    // MARK: What may be there besides

    /// The rows of a run that were asked for and not answered.
    func askedRows(_ run: String) -> [StoredFact.MetricsRow] {
        if case .rows(run, let rows) = asked { rows } else { [] }
    }

    /// Whether a property may hold another text than the one that was acknowledged.
    func askedProperty(_ run: String, _ name: String) -> String? {
        if case .property(run, name, let text) = asked { text } else { nil }
    }

    func askedFlags(_ run: String) -> JSONObject? { if case .flags(run, let object) = asked { object } else { nil } }
    func askedSource(_ run: String) -> [UInt8]? { if case .source(run, let bytes) = asked { bytes } else { nil } }
}
