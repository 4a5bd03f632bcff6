import LocalFiles
import RunMetadata
import RunStore

/// All that a store in memory keeps. A write changes a copy, which takes the place of it where nothing was refused.
struct MemoryState: Sendable {
    /// Runs, and under a session's name what waits for its next one.
    private(set) var folders: [RunTarget: MemoryRun] = [:]
    /// Who made those that wait.
    private var senders: [RunTarget: String] = [:]
    private var sessions: [SessionName: RunID] = [:]

    /// The active run, where a session has one.
    func resolved(_ target: RunTarget) -> RunTarget {
        guard case .active(let session) = target, let run = sessions[session].map(RunTarget.run),
            folders[run]?.place == .initialised
        else { return target }
        return run
    }

    mutating func apply(_ write: RunWrite, now: Double, _ rules: RunRules) throws(StoreError) -> WriteOutcome {
        let target = resolved(write.target)
        if folders[target] == nil { senders[target] = write.sender }
        if write.needsRun, folders[target].map({ $0.place == .pending }) ?? true { throw .unknownRun }
        switch write.action {
        case .initialise(let session, let start):
            return try initialise(write.target.run ?? freshID(now), session, start, now: now)
        case .change(let changes):
            let outcome = try edit(target) { run, outcome throws(StoreError) in
                for change in changes { try run.apply(change, &outcome, now: now) }
            }
            if changes.contains(where: \.endsTheRun), let run = outcome.run { deactivate(run) }
            return outcome
        case .patch(let document, let patch):
            return try edit(target) { run, outcome throws(StoreError) in
                outcome.document = try run.merge(patch, into: document, rules)
            }
        case .removeMetadata(let removed) where folders[target] != nil:
            return try edit(target) { run, _ throws(StoreError) in try run.remove(removed) }
        default:
            guard let run = target.run, let there = folders[target] else { throw .unknownRun }
            let isDone = try apply(write.action, to: run, there, now: now)
            let isPending = folders[target]?.place == .pending
            return WriteOutcome(effect: !isDone ? .unchanged : isPending ? .pending : .written, run: run)
        }
    }

    /// Does what can be done to a run alone that is there.
    /// - Returns: false where there was nothing to do
    private mutating func apply(
        _ action: RunWrite.Action, to run: RunID, _ there: MemoryRun, now: Double
    ) throws(StoreError) -> Bool {
        let target = RunTarget.run(run)
        switch (action, there.place) {
        case (.archive, .archived), (.restore, .initialised): return false
        case (.archive, .pending), (.restore, .pending), (.resume, .pending): throw .notInitialised(run)
        case (.archive, _): folders[target]?.place = .archived
        case (.restore, _): folders[target]?.place = .initialised
        case (.purge(force: true), _), (.purge, .archived), (.purgePending(unchangedFor: 0), .pending):
            folders[target] = nil
        case (.purgePending(let seconds), .pending):
            if there.modified > wallClock() - seconds { throw .writtenMeanwhile }
            folders[target] = nil
        case (.purge, _), (.purgePending, _): throw .notArchived(run)
        case (_, .archived): throw .archived(run)
        case (.resume(let session), _):
            if !there.hasEnded, there[.error] == nil { return false }
            _ = try edit(target) { value, _ in value.resume() }
            sessions[session] = run
            return true
        case (.complete(let end), _):
            var isNew = false
            _ = try edit(target) { value, _ throws(StoreError) in isNew = try value.complete(run, end, now: now) }
            if !isNew { return false }
        default: return false
        }
        if folders[target]?.place != .initialised || folders[target]?.hasEnded == true { deactivate(run) }
        return true
    }

    /// Changes a run, which is made where it is new, or what waits for a session's next one.
    private mutating func edit(
        _ target: RunTarget, _ change: (inout MemoryRun, inout WriteOutcome) throws(StoreError) -> Void
    ) throws(StoreError) -> WriteOutcome {
        var value = folders[target] ?? MemoryRun()
        if value.place == .archived, let run = target.run { throw .archived(run) }
        var outcome = WriteOutcome(effect: value.place == .initialised ? .written : .pending, run: target.run)
        try change(&value, &outcome)
        try value.finish()
        folders[target] = value
        return outcome
    }

    private mutating func initialise(
        _ run: RunID, _ session: SessionName, _ start: RunStart, now: Double
    ) throws(StoreError) -> WriteOutcome {
        let (target, waiting) = (RunTarget.run(run), resolved(.active(session)))
        let existed = folders[target].map { $0.place == .initialised && $0[.start] != nil } ?? false
        let adopted = existed || waiting.run != nil ? nil : folders.removeValue(forKey: waiting)
        let flags = start.flags.map { DataChange.put(.flags, $0) } ?? []
        let given = flags + start.properties.map { DataChange.put(.property($0.name), $0.file) }
        var outcome = WriteOutcome(effect: existed && given.isEmpty ? .unchanged : .written, run: run)
        _ = try edit(target) { value, _ throws(StoreError) in
            if let adopted { try value.adopt(adopted) }
            for change in given { try value.apply(change, &outcome, now: now) }
            for (name, text) in RunStart.defaults(of: run, at: now) where !existed && value[name] == nil {
                value[name] = text
            }
            value.place = .initialised
            outcome.hasSource = value[.source] != nil && (!existed || start.properties.contains { $0.name == .script })
        }
        outcome.existed = existed
        // What ended while it was pending is no run to go on with.
        if folders[target]?.hasEnded == false { sessions[session] = run }
        return outcome
    }

    /// Keeps only some folders.
    mutating func keep(_ isKept: (MemoryRun) -> Bool) { folders = folders.filter { isKept($0.value) } }

    /// How many folders that wait a sender made.
    func pendingCount(of sender: String) -> Int {
        folders.count { $0.value.place == .pending && senders[$0.key] == sender }
    }

    private func freshID(_ now: Double) -> RunID {
        (1...).lazy.compactMap { RunID(stamp: RunID.stamp(of: now), number: $0) }.first { folders[.run($0)] == nil }!
    }

    private mutating func deactivate(_ run: RunID) { sessions = sessions.filter { $0.value != run } }
}

extension RunTarget {
    /// The run that is named; nil where a session is.
    var run: RunID? { if case .run(let run) = self { run } else { nil } }
}
