internal import Access
internal import HTTPServer
internal import JSON
internal import RunMetadata
internal import RunStore

/// Archiving, restoring and purging: one run, or all that a condition selects.
extension RunAPI {
    static let archiveRoutes: [Route] = [
        Route("archiveRun", .post, "/runs/{id}/archive", .write, submit: RunAPI.archiveRun),
        Route("restoreRun", .post, "/runs/{id}/restore", .write, submit: RunAPI.restoreRun),
        Route(
            "archiveRuns", .post, "/runs/archive", .admin, query: .fields, body: .fields, on: .long,
            reply: RunAPI.archiveRuns
        ).about(.inScope),
        Route(
            "restoreRuns", .post, "/runs/restore", .admin, query: .fields, body: .fields, on: .long,
            reply: RunAPI.restoreRuns
        ).about(.inScope),
        Route(
            "purgeRuns", .post, "/runs/purge", .admin, query: .fields, body: .fields, on: .long,
            reply: RunAPI.purgeRuns
        ).about(.inScope),
    ]

    func archiveRun(_ request: RunRequest, _ target: RunTarget) throws { try move(.archive, target, request) }
    func restoreRun(_ request: RunRequest, _ target: RunTarget) throws { try move(.restore, target, request) }

    func archiveRuns(_ request: RunRequest) throws -> HTTPResponse { try changeMany(.archive, request) }
    func restoreRuns(_ request: RunRequest) throws -> HTTPResponse { try changeMany(.restore, request) }
    func purgeRuns(_ request: RunRequest) throws -> HTTPResponse { try changeMany(.purge, request) }

    /// A change of one or many runs.
    private enum RunChange: String {
        case archive
        case restore
        case purge

        /// The write that makes the change.
        func action(force: Bool) -> RunWrite.Action {
            switch self {
            case .archive: .archive
            case .restore: .restore
            case .purge: .purge(force: force)
            }
        }

        /// The runs among which the condition selects.
        func candidates(force: Bool) -> RunQuery.Archived {
            switch self {
            case .archive: .without
            case .restore: .only
            case .purge: force ? .included : .only
            }
        }
    }

    private func move(_ change: RunChange, _ target: RunTarget, _ request: RunRequest) throws {
        let (run, exchange) = (try existingRun(target), request.exchange)
        exchange.subjects = [run.description]
        store.submit(RunWrite(.run(run), change.action(force: false))) { result in
            let named = result.mapError { error -> any Error in
                error == .unknownRun ? Problem.unknownRun(run.description) : error
            }
            self.replyWithRun(named, exchange) { _ in (200, []) }
        }
    }

    /// Changes all runs that a condition selects; by default a dry run.
    private func changeMany(_ change: RunChange, _ request: RunRequest) throws -> HTTPResponse {
        let (exchange, scope) = (request.exchange, request.grant.scope)
        let names = ["where", "dry_run"] + (change == .purge ? ["force", "pending", "unchanged_for"] : [])
        var parameters = try QueryParameters(exchange, names: names, takesForm: true)
        let isDryRun = try parameters.flag("dry_run", default: true)
        let isPending = change == .purge ? try parameters.flag("pending") : false
        let force = change == .purge ? try parameters.flag("force") : false
        let age = try isPending ? unchangedFor(&parameters) : 0
        let runs =
            try isPending
            ? store.pendingRuns(unchangedFor: age).filter(scope.allows)
            : selected(&parameters, change.candidates(force: force), in: scope)
        var body: JSONObject = ["action": .string(change.rawValue), "dry_run": .bool(isDryRun)]
        if isDryRun {
            body["count"] = .number(JSONNumber(runs.count))
            body["runs"] = .array(runs.map { .string($0.description) })
            body["detail"] = .string("nothing was done; send dry_run=false to do it")
            return .json(200, .object(body))
        }
        exchange.subjects = runs.map(\.description)
        let action = isPending ? .purgePending(unchangedFor: age) : change.action(force: force)
        let writes = runs.map { RunWrite(.run($0), action) }
        let results = store.submitAndWait(writes) { exchange.wakeServer() }
        var done: [JSONValue] = []
        var failed: [JSONValue] = []
        for (run, result) in zip(runs, results) {
            do {
                _ = try result.get()
                done.append(.string(run.description))
            } catch {
                // An error that would refuse all other runs too is the reply to the whole request.
                if done.isEmpty, case .readOnly = error { throw error }
                if done.isEmpty, case .runsGone = error { throw error }
                let problem = Problem(error)
                failed.append([
                    "run": .string(run.description), "status": .number(JSONNumber(problem.status)),
                    "detail": .string(problem.detail),
                ])
            }
        }
        body["count"] = .number(JSONNumber(done.count))
        body["runs"] = .array(done)
        if !failed.isEmpty { body["failed"] = .array(failed) }
        return .json(200, .object(body))
    }

    /// The seconds without a write of the pending runs that are asked for.
    private func unchangedFor(_ parameters: inout QueryParameters) throws -> Double {
        if parameters.take("where") != nil {
            throw Problem.invalidQuery("where cannot be used with pending=true, since pending runs are not in listings")
        }
        let text = parameters.take("unchanged_for")
        guard let seconds = Double(text ?? "0"), seconds.isFinite, seconds >= 0 else {
            throw Problem.invalidQuery("unchanged_for has to be a number of seconds, such as 86400")
        }
        return seconds
    }

    /// All runs that a condition selects, newest first.
    private func selected(
        _ parameters: inout QueryParameters, _ archived: RunQuery.Archived, in scope: RunScope
    ) throws -> [RunID] {
        if parameters.take("unchanged_for") != nil {
            throw Problem.invalidQuery("unchanged_for needs pending=true")
        }
        guard let condition = parameters.take("where") else {
            throw Problem.invalidQuery(
                "where is missing; it selects the runs, as in where=eval_acc < 0.5; where=TRUE selects all")
        }
        let predicate = try RunPredicate(condition)
        var query = RunQuery()
        (query.predicate, query.archived, query.limit) = (predicate, archived, 1000)
        query = try limited(query, to: scope)
        var runs: [RunID] = []
        while true {
            let page = try store.runs(query)
            runs += page.runs.map(\.run)
            guard let next = page.next else { return runs }
            query.cursor = next
        }
    }
}
