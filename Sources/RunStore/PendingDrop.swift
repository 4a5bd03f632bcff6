package import RunMetadata

extension RunTarget {
    /// The target of a key.
    package init?(key: String) {
        if let run = RunID(key) {
            self = .run(run)
        } else if key.hasPrefix(RunLayout.sessionMark),
            let session = SessionName(String(key.dropFirst(RunLayout.sessionMark.count)))
        {
            self = .active(session)
        } else {
            return nil
        }
    }

    /// The store's key for it: a run's id, or `@` and a session's name for the metadata of its next run.
    package var key: String {
        switch self {
        case .run(let run): run.description
        case .active(let session): RunLayout.sessionMark + session.description
        }
    }
}

/// The result of dropping what had waited for too long (`RunRules.pendingAge`).
package enum PendingDrop {
    /// It is gone; the text is for the log.
    case dropped(String)
    /// It no longer waits, or was written to meanwhile, so that it has not waited long enough.
    case stays
    /// It is still there; the text says why, for the log.
    case failed(String)

    /// - Parameters:
    ///   - target: what was to be dropped
    ///   - age: seconds that it had waited
    ///   - result: the result of `RunWrite.Action.purgePending(unchangedFor:)`
    package init(_ target: RunTarget, after age: Double, _ result: Result<WriteOutcome, StoreError>) {
        let name =
            switch target {
            case .run(let run): "the run \(run)"
            case .active(let session): "the next run of the session \(session)"
            }
        switch result {
        case .success:
            self = .dropped(
                "dropped what waited for \(name): it was not initialised, and nothing more came for \(Int(age)) s (--keep-pending)"
            )
        case .failure(.writtenMeanwhile), .failure(.notArchived), .failure(.unknownRun), .failure(.stopping):
            self = .stays
        case .failure(let error): self = .failed("what waits for \(name) is old and could not be dropped: \(error)")
        }
    }

    /// Seconds between two checks for metadata that has waited for this age.
    package static func interval(_ age: Double) -> Double { min(max(age / 10, 0.1), 3600) }
}
