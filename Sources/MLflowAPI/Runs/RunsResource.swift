internal import Access
internal import HTTPServer
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// `runs/create`, `runs/get`, `runs/update`, `runs/delete` and `runs/restore`.
extension MLflowAPI {
    static let runRoutes: [MLflowRoute] = [
        MLflowRoute(.post, "/mlflow/runs/create", .write, submit: MLflowAPI.createRun),
        MLflowRoute(.get, "/mlflow/runs/get", .read, reply: MLflowAPI.getRun),
        MLflowRoute(.post, "/mlflow/runs/update", .write, reply: MLflowAPI.updateRun),
        MLflowRoute(.post, "/mlflow/runs/delete", .write, submit: MLflowAPI.deleteRun),
        MLflowRoute(.post, "/mlflow/runs/restore", .write, submit: MLflowAPI.restoreRun),
    ].map(\.inScope)

    /// Runs that MLflow's clients begin become active in a session of their own, so that they do not replace the active
    /// run of another client.
    private static func session(_ exchange: HTTPExchange) -> SessionName {
        let own = SessionName("mlflow")!
        return exchange.grant.session(own) ?? own
    }

    /// Begins a run. Its id is one of Rundir's, which sort by time; a token that is limited to some runs gets an id
    /// that it allows.
    func createRun(_ call: MLflowCall) throws {
        let parameters = call.parameters
        let id = try parameters.text("experiment_id").flatMap { $0.isEmpty ? nil : $0 } ?? Experiment.defaultID
        let list = try experiments.list()
        guard let experiment = list[id] else { throw MLflowError.unknownExperiment(id) }
        if experiment.isDeleted {
            throw MLflowError.invalid("The experiment \(id) must be in the 'active' state; it is deleted")
        }
        var tags: [(name: String, value: String)] = []
        for tag in try parameters.objects("tags") {
            tags.append((try tag.required("key"), try tag.text("value") ?? ""))
        }
        if let user = try parameters.text("user_id"), !user.isEmpty, !tags.contains(where: { $0.name == "mlflow.user" })
        {
            tags.append(("mlflow.user", user))
        }
        if let name = try parameters.text("run_name"), !name.isEmpty {
            tags.removeAll { $0.name == "mlflow.runName" }
            tags.append(("mlflow.runName", name))
        }
        var start = RunStart()
        for (name, value) in tags { start.properties.append(try Self.property(name, value)) }
        if experiment.id != Experiment.defaultID {
            start.properties.append((MLflowName.experimentID, PropertyText.file(experiment.id)))
            start.properties.append((MLflowName.experiment, PropertyText.file(experiment.name)))
        }
        if let time = try parameters.whole("start_time"), time > 0 {
            start.properties.append((.start, PropertyText.file(PropertyText.seconds(Double(time) / 1000))))
        }
        try store.rules.checkProperties(start.properties.count, before: 0)
        let exchange = call.exchange
        let session = Self.session(exchange)
        let target = try Self.limitedID(exchange).map { RunTarget.run($0) } ?? .active(session)
        let write = RunWrite(target, .initialise(session: session, start))
        store.submit(write) { result in
            exchange.onWorker(.quick) {
                self.answer(exchange) {
                    let outcome = try result.get()
                    guard let run = outcome.run,
                        let snapshot = try outcome.snapshot ?? self.store.snapshot(of: run)
                    else { throw StoreError.unknownRun }
                    exchange.subjects = [run.description]
                    let record = RunRecord(snapshot)
                    self.reply(exchange, ["run": ["info": .object(record.info(list)), "data": .object(record.data())]])
                }
            }
        }
    }

    /// An id that the sender's token allows; nil if it allows all ids.
    private static func limitedID(_ exchange: HTTPExchange) throws(AccessRefusal) -> RunID? {
        let scope = exchange.grant.scope
        if !scope.isLimited { return nil }
        let digits = String(UInt64.random(in: 1 << 32..<1 << 36), radix: 16)
        guard let run = scope.id(with: "\(RunID.stamp(of: wallClock()))-\(digits)") else {
            throw .madeID(scope: scope.words)
        }
        return run
    }

    func getRun(_ call: MLflowCall) throws -> JSONObject {
        let run = try call.run()
        let record = RunRecord(try snapshot(of: run))
        let latest = try LatestMetrics.read(store, run, wanted: record.metricRows, for: call.exchange)
        var object: JSONObject = [
            "info": .object(record.info(try experiments.list())), "data": .object(record.data(latest: latest)),
        ]
        object["inputs"] = try inputs(of: run).map { .object($0) }
        object["outputs"] = try outputs(of: run).map { .object($0) }
        return ["run": .object(object)]
    }

    func deleteRun(_ call: MLflowCall) throws {
        submit(RunWrite(.run(try call.run()), .archive, needsRun: true), call.exchange)
    }

    func restoreRun(_ call: MLflowCall) throws {
        submit(RunWrite(.run(try call.run()), .restore, needsRun: true), call.exchange)
    }

    // MARK: Updating

    /// Sets the status, the end time and the name. Blocks.
    func updateRun(_ call: MLflowCall) throws -> JSONObject {
        let (run, parameters) = (try call.run(), call.parameters)
        if let text = try parameters.text("status"), !text.isEmpty {
            guard let status = MLflowStatus(sent: text) else {
                throw MLflowError.invalid("Invalid value \(text) for parameter 'status'")
            }
            try set(status, end: try parameters.whole("end_time"), of: run, call.exchange)
        }
        if let name = try parameters.text("run_name"), !name.isEmpty {
            let (property, file) = try Self.property("mlflow.runName", name)
            try write(run, .change([.put(.property(property), file)]), call.exchange)
        }
        return ["run_info": .object(RunRecord(try snapshot(of: run)).info(try experiments.list()))]
    }

    /// - Parameter end: milliseconds since 1970; nil: now
    private func set(_ status: MLflowStatus, end: Int?, of run: RunID, _ exchange: HTTPExchange) throws {
        let text = end.map { PropertyText.seconds(Double($0) / 1000) }
        switch status {
        case .running, .scheduled: try write(run, .resume(session: Self.session(exchange)), exchange)
        case .finished, .killed:
            var ending = RunEnd()
            (ending.isCompleted, ending.end) = (status == .finished, text)
            do { try write(run, .complete(ending), exchange) } catch StoreError.endedOtherwise {
                // In MLflow, a run that has ended can end again with another status.
                try write(run, .resume(session: Self.session(exchange)), exchange)
                try write(run, .complete(ending), exchange)
            }
        case .failed:
            let error: JSONValue = ["message": "The run failed (status FAILED of MLflow)."]
            var changes: [DataChange] = [.put(.error, JSONWriter.pretty(error)), .end(completed: false)]
            if let text { changes.append(.put(.property(.end), PropertyText.file(text))) }
            try write(run, .change(changes), exchange)
        }
        if status.isEnd { store.settle(run) }
    }

    /// Submits a write and waits for it.
    func write(_ run: RunID, _ action: RunWrite.Action, _ exchange: HTTPExchange) throws {
        let write = RunWrite(.run(run), action, needsRun: true)
        for result in submitAndWait([write], exchange) { _ = try outcome(result, of: write) }
    }

    // MARK: Parts

    /// The state of an initialised run.
    func snapshot(of run: RunID) throws -> RunSnapshot {
        guard let snapshot = try store.snapshot(of: run), snapshot.status != .pending else {
            throw MLflowError.unknownRun(run.description)
        }
        return snapshot
    }

    /// The most characters of a tag's value. MLflow's server cuts off what is behind 8000 (mlflow/utils/validation.py,
    /// MAX_TAG_VAL_LENGTH); here it is kept.
    private static let longestTag = 65_536

    /// The property of a tag, and the content of its file.
    static func property(_ tag: String, _ value: String) throws(MLflowError) -> (name: PropertyName, file: [UInt8]) {
        try MLflowName.check(tag, "Tag")
        try MLflowName.check(value, atMost: longestTag, "The value of the tag '\(tag)'")
        // R cannot read lines with NUL, and properties are read line by line.
        if value.utf8.contains(0) { throw .invalid("The tag '\(tag)' has a NUL character; remove it") }
        guard let name = MLflowName.property(ofTag: tag) else {
            throw .invalid("The name of the tag '\(tag)' has more than 255 bytes")
        }
        return (name, PropertyText.file(value))
    }
}
