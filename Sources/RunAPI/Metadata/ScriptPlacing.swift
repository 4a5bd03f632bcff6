internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// Puts the script of a run where `view_run()` looks for it, whichever came first, the source or the script's name.
extension RunAPI {
    /// Submits a write to the store. If it names the script of a run that has source, the script is put in its place in
    /// the source before the reply.
    func submit(
        _ write: RunWrite, _ exchange: HTTPExchange,
        completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void
    ) {
        store.submit(write) { result in
            exchange.note(result, of: write.target)
            guard case .success(let outcome) = result, let run = outcome.run, write.namesScript(outcome) else {
                return completion(result)
            }
            exchange.onWorker(.long) {
                self.placeScript(of: run, tries: 3, exchange) { completion($0.map { _ in outcome }) }
                exchange.wakeServer()
            }
        }
    }

    private func placeScript(
        of run: RunID, tries: Int, _ exchange: HTTPExchange,
        completion: @escaping @Sendable (Result<WriteOutcome?, StoreError>) -> Void
    ) {
        let jobs = jobs
        do {
            guard let writer = writers[.source] as? SourceWriter, let source = try store.file(.source, of: run) else {
                return completion(.success(nil))
            }
            let changes = try writer.changes(
                placing: store.script(of: .run(run))?.text, in: source, isCancelled: { jobs.isStopping(for: 5) })
            store.submit(RunWrite(.run(run), .change(changes))) { result in
                // The source was replaced meanwhile.
                if result.isChangedMeanwhile, tries > 1 {
                    exchange.onWorker(.long) {
                        self.placeScript(of: run, tries: tries - 1, exchange, completion: completion)
                        exchange.wakeServer()
                    }
                } else {
                    completion(result.map(\.self))
                }
            }
        } catch let error as StoreError {
            completion(.failure(error))
        } catch {
            // Another program wrote the source, and it cannot be read.
            completion(.success(nil))
        }
    }
}

extension RunWrite {
    /// Whether it names the run's script, and the run may have source.
    fileprivate func namesScript(_ outcome: WriteOutcome) -> Bool {
        switch action {
        case .change(let changes):
            changes.contains { if case .put(let path, _) = $0 { path == .property(.script) } else { false } }
        case .patch(.properties, let patch): patch.object[PropertyName.script.description] != nil
        case .initialise: outcome.hasSource
        default: false
        }
    }
}

extension Result where Failure == StoreError {
    fileprivate var isChangedMeanwhile: Bool {
        switch self {
        case .failure(.changedMeanwhile), .failure(.overtaken): true
        default: false
        }
    }
}
