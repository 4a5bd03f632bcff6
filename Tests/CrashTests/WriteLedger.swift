import JSON

/// Something that a client asked a server to store.
enum StoredFact: Sendable {
    /// A run by an id of the client's, or of the server's own (nil), which only the reply tells.
    case initialised(run: String?)
    case ended(run: String, RunEnd)
    case deleted(run: String)
    /// Rows of one request: all of them are there, or none.
    case rows(run: String, [MetricsRow])
    /// A whole frame: it takes the place of all rows.
    case frame(run: String, [MetricsRow])
    /// Lines of console output of one request, each of which nobody else writes: all of them are there, or none.
    case output(run: String, [String])
    /// A property's text; nil: removed.
    case property(run: String, name: String, text: String?)
    /// A document that is replaced as a whole, such as `flags`.
    case document(run: String, type: String, JSONObject)
    case source(run: String, [UInt8])
    /// A file beside the metadata; nil: removed.
    case artifact(run: String, path: String, [UInt8]?)

    struct MetricsRow: Sendable {
        let epoch: Int
        let loss: String
    }

    enum RunEnd: String, Sendable {
        case completed, failed
    }

    /// The run, where the client knows it.
    var run: String? {
        switch self {
        case .initialised(let run): run
        case .ended(let run, _), .deleted(let run), .rows(let run, _), .frame(let run, _), .output(let run, _),
            .property(let run, _, _),
            .document(let run, _, _), .source(let run, _), .artifact(let run, _, _):
            run
        }
    }
}

/// What one client was told is stored, and what it had asked for without being told, which may be stored or not.
///
/// Clients write to places of their own (epochs, property names, runs), so that each knows what has to be there.
struct WriteLedger: Sendable {
    private(set) var initialised: Set<String> = []
    private(set) var ended: [String: StoredFact.RunEnd] = [:]
    private(set) var deleted: Set<String> = []
    /// Losses by run and epoch.
    private(set) var rows: [String: [Int: String]] = [:]
    /// Lines of output by run, in order.
    private(set) var output: [String: [String]] = [:]
    private(set) var properties: [String: [String: String?]] = [:]
    /// Documents by run and type.
    private(set) var documents: [String: [String: JSONObject]] = [:]
    private(set) var sources: [String: [UInt8]] = [:]
    /// Artifacts by run and path; nil: removed.
    private(set) var artifacts: [String: [String: [UInt8]?]] = [:]
    /// The session that a run is initialised in, where that is not the default one.
    var sessions: [String: String] = [:]
    /// What was asked for and not answered, or answered by a failure that leaves it open.
    private(set) var doubtful: [StoredFact] = []

    /// The runs that were written to, or may have been.
    var runs: Set<String> {
        Set(doubtful.compactMap(\.run)).union(initialised).union(ended.keys).union(deleted).union(rows.keys).union(
            output.keys
        )
        .union(properties.keys).union(documents.keys).union(sources.keys).union(artifacts.keys)
    }

    mutating func ask(_ fact: StoredFact) { doubtful.append(fact) }

    /// The server has acknowledged what it was asked for last.
    /// - Parameter made: the id that it chose
    mutating func acknowledge(made: String? = nil) {
        guard let fact = doubtful.popLast() else { return }
        switch fact {
        case .initialised(let run):
            guard let run = run ?? made else { return }
            initialised.insert(run)
            deleted.remove(run)
        case .ended(let run, let end): ended[run] = end
        case .deleted(let run):
            deleted.insert(run)
            initialised.remove(run)
            (ended[run], rows[run], output[run], properties[run]) = (nil, nil, nil, nil)
            (documents[run], sources[run], artifacts[run]) = (nil, nil, nil)
        case .rows(let run, let added): for row in added { rows[run, default: [:]][row.epoch] = row.loss }
        case .frame(let run, let all): rows[run] = Dictionary(uniqueKeysWithValues: all.map { ($0.epoch, $0.loss) })
        case .output(let run, let lines): output[run, default: []] += lines
        case .property(let run, let name, let text): properties[run, default: [:]][name] = .some(text)
        case .document(let run, let type, let object): documents[run, default: [:]][type] = object
        case .source(let run, let bytes): sources[run] = bytes
        case .artifact(let run, let path, let bytes): artifacts[run, default: [:]][path] = .some(bytes)
        }
    }

    /// The server has refused what it was asked for last: nothing of it is stored.
    mutating func refuse() { doubtful.removeLast() }

    // MARK: What may be there besides

    /// The rows of a run that may be there too, by request.
    func doubtfulRows(_ run: String) -> [[StoredFact.MetricsRow]] {
        doubtful.compactMap { if case .rows(run, let rows) = $0 { rows } else { nil } }
    }

    /// The frames that may be there instead.
    func doubtfulFrames(_ run: String) -> [[Int: String]] {
        doubtful.compactMap {
            guard case .frame(run, let rows) = $0 else { return nil }
            return Dictionary(uniqueKeysWithValues: rows.map { ($0.epoch, $0.loss) })
        }
    }

    /// The lines of output that may be there too, by request.
    func doubtfulOutput(_ run: String) -> [[String]] {
        doubtful.compactMap { if case .output(run, let lines) = $0 { lines } else { nil } }
    }

    /// The texts that a property may hold instead; nil: it may be gone.
    func doubtfulTexts(_ run: String, _ name: String) -> [String?] {
        doubtful.compactMap { if case .property(run, name, let text) = $0 { .some(text) } else { nil } }
    }

    func doubtfulDocuments(_ run: String, _ type: String) -> [JSONObject] {
        doubtful.compactMap { if case .document(run, type, let object) = $0 { object } else { nil } }
    }

    func doubtfulSources(_ run: String) -> [[UInt8]] {
        doubtful.compactMap { if case .source(run, let bytes) = $0 { bytes } else { nil } }
    }

    /// What an artifact may hold instead; nil: it may be gone.
    func doubtfulArtifacts(_ run: String, _ path: String) -> [[UInt8]?] {
        doubtful.compactMap { if case .artifact(run, path, let bytes) = $0 { .some(bytes) } else { nil } }
    }

    func mayBeDeleted(_ run: String) -> Bool {
        doubtful.contains { if case .deleted(run) = $0 { true } else { false } }
    }

    func mayBeInitialised(_ run: String) -> Bool {
        doubtful.contains { if case .initialised(run) = $0 { true } else { false } }
    }

    func mayHaveEnded(_ run: String) -> Bool {
        doubtful.contains { if case .ended(run, _) = $0 { true } else { false } }
    }

    /// How many runs of ids that no client knows there may be.
    var unknownRuns: Int { doubtful.count { if case .initialised(nil) = $0 { true } else { false } } }
}
