internal import Access
internal import HTTPServer
internal import JSON
internal import Limits
internal import RunMetadata
internal import RunStore

/// `runs/log-metric`, `runs/log-parameter`, `runs/log-batch`, `runs/set-tag` and `runs/delete-tag`: the routes that
/// training code calls most. Their handlers do not block; the store commits the writes of many clients together.
extension MLflowAPI {
    static let loggingRoutes: [MLflowRoute] = [
        MLflowRoute(.post, "/mlflow/runs/log-metric", .write, on: .bySize, submit: MLflowAPI.logMetric),
        MLflowRoute(.post, "/mlflow/runs/log-batch", .write, on: .bySize, submit: MLflowAPI.logBatch),
        MLflowRoute(.post, "/mlflow/runs/log-parameter", .write, on: .bySize, submit: MLflowAPI.logParam),
        MLflowRoute(.post, "/mlflow/runs/set-tag", .write, on: .bySize, submit: MLflowAPI.setTag),
        MLflowRoute(.post, "/mlflow/runs/delete-tag", .write, on: .bySize, submit: MLflowAPI.deleteTag),
    ].map(\.inScope)

    /// MLflow's limits for a batch (mlflow/utils/validation.py).
    private static let (mostMetrics, mostParams, mostTags, mostEntities) = (1000, 100, 100, 1000)

    func logMetric(_ call: MLflowCall) throws {
        let run = try call.run()
        var rows = MetricRows()
        try rows.append(call.parameters)
        submit(RunWrite(.run(run), .change(rows.changes), needsRun: true), call.exchange)
    }

    func logParam(_ call: MLflowCall) throws {
        let run = try call.run()
        submit(try Self.params([call.parameters], of: run), call.exchange)
    }

    func setTag(_ call: MLflowCall) throws {
        let run = try call.run()
        let tag = try Self.property(
            try call.parameters.required("key"), try call.parameters.text("value") ?? "")
        submit(RunWrite(.run(run), .change([.put(.property(tag.name), tag.file)]), needsRun: true), call.exchange)
    }

    func deleteTag(_ call: MLflowCall) throws {
        let (run, key) = (try call.run(), try call.parameters.required("key"))
        guard let name = MLflowName.property(ofTag: key) else {
            throw MLflowError.invalid("The name of the tag '\(key)' has more than 255 bytes")
        }
        let write = RunWrite(.run(run), .removeMetadata(.files([.property(name)])), needsRun: true)
        let exchange = call.exchange
        store.submit(write) { result in
            self.answer(exchange) {
                do { _ = try self.outcome(result, of: write) } catch StoreError.nothingThere {
                    throw MLflowError(
                        .resourceDoesNotExist, "No tag with name: \(key.shown(atMost: 200)) in run with id \(run)")
                }
                self.reply(exchange)
            }
        }
    }

    /// Writes metrics, params and tags. If a param is refused, nothing is written. Everything except the params is one
    /// write.
    func logBatch(_ call: MLflowCall) throws {
        let (run, parameters, exchange) = (try call.run(), call.parameters, call.exchange)
        let metrics = try parameters.objects("metrics", atMost: Self.mostMetrics)
        let params = try parameters.objects("params", atMost: Self.mostParams)
        let tags = try parameters.objects("tags", atMost: Self.mostTags)
        if metrics.count + params.count + tags.count > Self.mostEntities {
            throw MLflowError.invalid(
                "A batch logging request can contain at most \(Self.mostEntities) metrics, params and tags in all")
        }
        var rows = MetricRows()
        for metric in metrics { try rows.append(metric) }
        var changes = rows.changes
        for tag in tags {
            let (name, file) = try Self.property(try tag.required("key"), try tag.text("value") ?? "")
            changes.append(.put(.property(name), file))
        }
        let rest = changes.isEmpty ? nil : RunWrite(.run(run), .change(changes), needsRun: true)
        if params.isEmpty {
            // The run has to exist even if the batch is empty.
            return submit(
                rest
                    ?? RunWrite(
                        .run(run), .patch(.properties, JSONObjectPatch(JSONObject()) { NamedListFiles($0) }),
                        needsRun: true),
                exchange)
        }
        let write = try Self.params(params, of: run)
        guard let rest else { return submit(write, exchange) }
        store.submit(write) { result in
            self.answer(exchange) {
                _ = try self.outcome(result, of: write)
                self.submit(rest, exchange)
                // The write may have been submitted after the commit of this round.
                exchange.wakeServer()
            }
        }
    }

    /// The write of params: flags that are merged into the existing ones. A param's value cannot be changed.
    static func params(_ params: [MLflowParameters], of run: RunID) throws(MLflowError) -> RunWrite {
        var flags = JSONObject()
        for param in params {
            let (key, value) = (try param.required("key"), try param.text("value") ?? "")
            try MLflowName.check(key, "Param")
            if key.utf8.count > MetadataName.longest {
                throw .invalid(
                    "The param name '\(key)' has \(key.utf8.count) bytes; \(MetadataName.longest) are the most")
            }
            try MLflowName.check(value, atMost: ParamValue.longest, "The value of the param '\(key)'")
            let flag = ParamValue.flag(value)
            if let other = flags[key], other != flag {
                throw .invalid("Duplicate parameter keys have been submitted: '\(key)'")
            }
            flags[key] = flag
        }
        let new = flags
        let patch = JSONObjectPatch(
            new,
            check: { there in
                for member in new.members {
                    guard let old = there[member.name] else { continue }
                    let (before, after) = (RunRecord.text(old), RunRecord.text(member.value))
                    if before == after { continue }
                    throw MetadataFault.shape(
                        nil,
                        "Changing param values is not allowed. Param with key='\(member.name)' was already logged with "
                            + "value='\((before ?? "").shown(atMost: 200))' for run ID='\(run)'. Attempted logging new value "
                            + "'\((after ?? "").shown(atMost: 200))'.")
                }
            },
            render: { NamedListFiles($0) })
        return RunWrite(.run(run), .patch(.file(.flags), patch), needsRun: true)
    }
}
