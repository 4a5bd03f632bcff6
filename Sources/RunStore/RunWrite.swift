package import RunMetadata

/// One write: what to do, to which run.
package struct RunWrite: Sendable {
    package enum Action: Sendable {
        /// Apply what a writer made of a body.
        case change([DataChange])
        /// Merge into a document, RFC 7396.
        case patch(PatchedDocument, JSONObjectPatch)
        /// Initialise the run, or one with an id of the server's making where the target is a session.
        case initialise(session: SessionName, RunStart)
        /// End it.
        case complete(RunEnd)
        /// Go on with one that has ended, as the session's active run.
        case resume(session: SessionName)
        /// Remove metadata.
        case removeMetadata(RemovedMetadata)
        /// Move it into the archive.
        case archive
        /// Move it back from the archive.
        case restore
        /// Remove it and all that it has; one that is not archived only if `force`.
        case purge(force: Bool)
        /// The same of one that waits to be initialised, if it still does, and nothing was written to it for some
        /// seconds. Of a session without a run: what waits for its next one.
        case purgePending(unchangedFor: Double = 0)
    }

    package let target: RunTarget
    package let action: Action
    /// Whether it is refused with `unknownRun` where the run has not been initialised, instead of waiting for that.
    package let needsRun: Bool
    /// Who asks for it, by a name that means nothing to the store; nil: nobody in particular. Each has a share of the
    /// pending runs (`RunRules.mostPendingOfSender`).
    package let sender: String?

    package init(_ target: RunTarget, _ action: Action, needsRun: Bool = false, sender: String? = nil) {
        self.target = target
        self.action = action
        self.needsRun = needsRun
        self.sender = sender
    }
}

extension RunWrite.Action {
    /// Whether it ends the run or goes on with it, which a full run takes too.
    package var isOfItsEnd: Bool {
        switch self {
        case .complete, .resume: true
        case .change(let changes): changes.contains(where: \.endsTheRun)
        default: false
        }
    }
}

/// Metadata that is removed.
package enum RemovedMetadata: Sendable {
    case files([DataPath])
    /// Those that clients set: not what says when and how the run started and ended.
    case properties
    /// All files below a folder.
    case folder(DataPath)

    /// Properties that say how a run started and ended, which stay.
    package static let lasting: Set<String> = ["start", "end", "completed", "type", "context", "script", "output"]
}

/// What a write did.
package struct WriteOutcome: Sendable {
    package enum Effect: Sendable {
        /// It is in the run directory.
        case written
        /// It waits for the run to be initialised.
        case pending
        /// There was nothing to do: the run was initialised, or had ended, before.
        case unchanged
    }

    package let effect: Effect
    /// The run that was written to; nil while a session has none.
    package let run: RunID?
    /// The merged document, after a patch.
    package var document: [UInt8] = []
    /// Whether an artifact took the place of one.
    package var replaced = false
    /// Whether the run that was to be initialised had been.
    package var existed = false
    /// Whether the run has source and was given a script, by being initialised.
    package var hasSource = false
    /// The version of the artifact that was written.
    package var version: BlobVersion?
    /// The run as the write left it, where that is known without reading it: a run that is new.
    package var snapshot: RunSnapshot?

    package init(effect: Effect, run: RunID?) { (self.effect, self.run) = (effect, run) }
}
