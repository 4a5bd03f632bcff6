internal import HTTPServer
internal import JSON
internal import MetadataWriters
internal import RunMetadata
internal import RunStore

/// The script of a run is where `view_run()` looks for it, whichever came first, the source or the script's name.
extension RunAPI {
    /// Asks the store for a write. Where that says what the script is of a run that has source, the script is put in its place
    /// there before the write is answered.
    func submit(
        _ write: RunWrite, _ exchange: HTTPExchange,
        completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void
    ) {
        store.submit(write) { result in
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
                // Other source has come meanwhile.
                if case .failure(.changedMeanwhile) = result, tries > 1 {
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
            // Something else wrote the source, and it is none that can be read.
            completion(.success(nil))
        }
    }
}

extension RunWrite {
    /// Whether it says what the run's script is, where the run may have source.
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
