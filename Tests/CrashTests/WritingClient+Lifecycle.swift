import TestSupport

/// Runs that begin, wait, end and go.
extension WritingClient {
    func beginAndEnd(_ end: StoredFact.RunEnd, _ client: HTTPClient) throws {
        count += 1
        let run = "\(prefix)-done-\(index)-\(count)"
        try initialise(run, client)
        try writeRows(to: run, client)
        try write(.ended(run: run, end), client) {
            switch end {
            case .completed: try client.sendEmpty("POST", "/runs/\(run)/complete")
            case .failed:
                try client.sendJSON("POST", "/runs/\(run)/metadata/error", #"{"message": "m", "traceback": ["t"]}"#)
            }
        }
    }

    /// A run that goes, and another of its name that may come after it.
    func beginAndDelete(_ client: HTTPClient) throws {
        count += 1
        let run = "\(prefix)-gone-\(index)-\(count)"
        try initialise(run, client)
        try writeRows(to: run, client)
        try delete(run, client)
        guard Bool.random(using: &numbers) else { return }
        try initialise(run, client)
        try writeRows(to: run, client)
    }

    func delete(_ run: String, _ client: HTTPClient) throws {
        try write(.deleted(run: run), client) { try client.send("DELETE", "/runs/\(run)?force=true") }
    }

    /// A run that gets some metadata before it is initialised, and some after.
    func goOnWithPendingRun(_ client: HTTPClient) throws {
        count += 1
        let (run, writes) = pending ?? ("\(prefix)-pending-\(index)-\(count)", 0)
        pending = (run, writes + 1)
        switch writes {
        case 0, 3, 5: try writeRows(to: run, client)
        case 1: try writeProperty(of: run, client)
        case 2, 6: try writeOutput(to: run, client)
        case 4: try initialise(run, client)
        default: pending = nil
        }
    }

    /// Metadata of a session without a run, and the run that it becomes.
    func goOnWithWaitingRun(_ client: HTTPClient) throws {
        count += 1
        let (run, writes) = waiting ?? ("\(prefix)-waiting-\(index)-\(count)", 0)
        waiting = (run, writes + 1)
        ledger.sessions[run] = "\(prefix)-\(index)"
        switch writes {
        case 0: try writeRows(to: run, as: "active", client)
        case 1: try uploadSource(to: run, as: "active", client)
        case 2: try writeArtifact("a", to: run, as: "active", client)
        case 3: try replaceDocument("flags", of: run, as: "active", client)
        case 4: try writeOutput(to: run, as: "active", client)
        case 5: try initialise(run, client)
        case 6: try writeProperty(of: run, as: "active", client)
        default:
            waiting = nil
            try write(.ended(run: run, .completed), client) { try client.sendEmpty("POST", "/runs/\(run)/complete") }
        }
    }
}
