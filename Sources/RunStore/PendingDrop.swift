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

    /// The name under which a store keeps it: a run's id, or `@` and a session's name for what waits for its next run.
    package var key: String {
        switch self {
        case .run(let run): run.description
        case .active(let session): RunLayout.sessionMark + session.description
        }
    }
}

/// What came of dropping what had waited for too long (`RunRules.pendingAge`).
package enum PendingDrop {
    /// It is gone; says so, for the log.
    case dropped(String)
    /// It does not wait any more, or not long enough, since more has come.
    case stays
    /// It is there still; says why, for the log.
    case failed(String)

    /// - Parameters:
    ///   - target: what was to be dropped
    ///   - age: seconds that it had waited
    ///   - result: what came of `RunWrite.Action.purgePending(unchangedFor:)`
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

    /// Seconds between two looks for what has waited for so long.
    package static func interval(_ age: Double) -> Double { min(max(age / 10, 0.1), 3600) }
}
