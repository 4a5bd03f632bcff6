internal import LocalFiles
package import RunMetadata

/// The runs that some writes change, one write after the other, for stores that have no directories. What each write
/// does to which run is defined here once (`apply`); a store says how it finds and keeps runs.
///
/// The key of a run is its id; the key of what waits for a session's next run is `RunTarget.key`.
package protocol DraftedRuns: AnyObject {
    associatedtype Draft: RunDraft

    var rules: RunRules { get }
    /// The time of the writes, seconds since 1970.
    var now: Double { get }

    /// The draft of a key; nil if there is none.
    func run(at key: String) -> Draft?

    /// Loads all metadata of a run, if the store has not yet.
    func load(_ key: String) throws(StoreError)

    /// The key of a session's active run; if it has none, and for a run, `target.key`.
    func resolved(_ target: RunTarget) -> String

    /// An id that no run has.
    func freshRun() throws(StoreError) -> RunID

    /// The draft of a write, with nothing touched yet: of the existing run, or of a new one.
    func begin(_ write: RunWrite, at key: String) throws(StoreError) -> Draft

    /// Replaces the run by the draft, which has taken over what waited, if anything did.
    /// - Throws: if something would exceed its limit (`RunRules`)
    func end(_ write: RunWrite, _ draft: Draft, at key: String, takingOver waiting: Draft?) throws(StoreError)

    /// Moves the run.
    func move(_ run: RunID, to place: RunPlace)

    /// Removes the draft of a key.
    func remove(_ key: String)

    /// Makes the run the active one of a session.
    func activate(_ run: RunID, in session: SessionName)

    /// Makes the run active in no session.
    func deactivate(_ run: RunID)
}

extension DraftedRuns {
    package func load(_ key: String) throws(StoreError) {}

    /// Does a write.
    package func apply(_ write: RunWrite) throws(StoreError) -> WriteOutcome {
        let key = resolved(write.target)
        let there = run(at: key)
        if write.needsRun, there?.place ?? .pending == .pending { throw .unknownRun }
        switch write.action {
        case .initialise(let session, let start):
            let run = if case .run(let run) = write.target { run } else { try freshRun() }
            return try initialise(run, session, start, by: write)
        case .change(let changes):
            let outcome = try edit(key, by: write) { draft, outcome throws(StoreError) in
                for change in changes { try draft.apply(change, &outcome, now: now) }
            }
            if changes.contains(where: \.endsTheRun), let run = RunID(key) { deactivate(run) }
            return outcome
        case .patch(let document, let patch):
            return try edit(key, by: write) { draft, outcome throws(StoreError) in
                outcome.document = try draft.merge(patch, into: document, rules)
            }
        case .removeMetadata(let removed) where there != nil:
            return try edit(key, by: write) { draft, _ throws(StoreError) in try draft.remove(removed) }
        case .purgePending(let seconds):
            guard let there else { throw .unknownRun }
            let run = RunID(key)
            if let run, there.place != .pending { throw .notArchived(run) }
            if seconds > 0, there.modified > wallClock() - seconds { throw .writtenMeanwhile }
            remove(key)
            return WriteOutcome(effect: .written, run: run)
        default:
            guard let run = RunID(key), there != nil else { throw .unknownRun }
            let isDone = try apply(write, to: run)
            let isPending = self.run(at: key)?.place == .pending
            return WriteOutcome(effect: !isDone ? .unchanged : isPending ? .pending : .written, run: run)
        }
    }

    /// Applies an action that needs no more than an existing run.
    /// - Returns: false if there was nothing to do
    private func apply(_ write: RunWrite, to run: RunID) throws(StoreError) -> Bool {
        let key = run.description
        try load(key)
        guard let there = self.run(at: key) else { throw .unknownRun }
        switch (write.action, there.place) {
        case (.archive, .archived), (.restore, .initialised): return false
        case (.archive, .pending), (.restore, .pending), (.resume, .pending): throw .notInitialised(run)
        case (.archive, _): move(run, to: .archived)
        case (.restore, _): move(run, to: .initialised)
        case (.purge(force: true), _), (.purge, .archived):
            remove(key)
            return true
        case (.purge, _): throw .notArchived(run)
        case (_, .archived): throw .archived(run)
        case (.resume(let session), _):
            if try !there.hasEnded, there.file(.error) == nil { return false }
            _ = try edit(key, by: write) { draft, _ throws(StoreError) in try draft.resume() }
            activate(run, in: session)
            return true
        case (.complete(let end), _):
            var isNew = false
            _ = try edit(key, by: write) { draft, _ throws(StoreError) in
                isNew = try draft.complete(run, end, now: now)
            }
            if !isNew { return false }
        default: return false
        }
        let left = self.run(at: key)
        let hasEnded = try left?.hasEnded ?? true
        if left?.place != .initialised || hasEnded { deactivate(run) }
        return true
    }

    /// Changes a run, which is made if it is new, or what waits for a session's next run.
    /// - Parameter waiting: what waited for a session's next run; the run takes all of it
    private func edit(
        _ key: String, by write: RunWrite, takingOver waiting: Draft? = nil,
        _ change: (inout Draft, inout WriteOutcome) throws(StoreError) -> Void
    ) throws(StoreError) -> WriteOutcome {
        let before = try begin(write, at: key)
        let run = RunID(key)
        if before.place == .archived, let run { throw .archived(run) }
        var draft = before
        var outcome = WriteOutcome(effect: before.place == .initialised ? .written : .pending, run: run)
        try change(&draft, &outcome)
        try draft.finish(since: before)
        try end(write, draft, at: key, takingOver: waiting)
        return outcome
    }

    private func initialise(
        _ run: RunID, _ session: SessionName, _ start: RunStart, by write: RunWrite
    ) throws(StoreError) -> WriteOutcome {
        let key = run.description
        try load(key)
        let waitingKey = resolved(.active(session))
        let there = self.run(at: key)
        let existed = there?.place == .initialised && there?.file(.property(.start)) != nil
        let adopted = existed || RunID(waitingKey) != nil ? nil : self.run(at: waitingKey)
        let flags = start.flags.map { DataChange.put(.flags, $0) } ?? []
        let given = flags + start.properties.map { DataChange.put(.property($0.name), $0.file) }
        var hasSource = false
        var outcome = try edit(key, by: write, takingOver: adopted) { draft, outcome throws(StoreError) in
            if let adopted { try draft.adopt(adopted) }
            for change in given { try draft.apply(change, &outcome, now: now) }
            for (name, text) in RunStart.defaults(of: run, at: now)
            where !existed && draft.file(.property(name)) == nil {
                try draft.put(text, name)
            }
            draft.place = .initialised
            hasSource = draft.file(.source) != nil && (!existed || start.properties.contains { $0.name == .script })
        }
        outcome = WriteOutcome(effect: existed && given.isEmpty ? .unchanged : .written, run: outcome.run)
        (outcome.hasSource, outcome.existed) = (hasSource, existed)
        // A run that ended while it was pending is not active.
        if try self.run(at: key)?.hasEnded == false { activate(run, in: session) }
        return outcome
    }
}
