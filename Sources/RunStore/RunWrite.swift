package import RunMetadata

/// One write: what to do, and to which run.
package struct RunWrite: Sendable {
    package enum Action: Sendable {
        /// Apply the changes that a writer made from a body.
        case change([DataChange])
        /// Merge into a document, RFC 7396.
        case patch(PatchedDocument, JSONObjectPatch)
        /// Initialise the run; if the target is a session, a run with an id that the server makes.
        case initialise(session: SessionName, RunStart)
        /// End it.
        case complete(RunEnd)
        /// Continue a run that has ended, as the session's active run.
        case resume(session: SessionName)
        /// Remove metadata.
        case removeMetadata(RemovedMetadata)
        /// Move it into the archive.
        case archive
        /// Move it back from the archive.
        case restore
        /// Remove it and all that it has; only with `force` if it is not archived.
        case purge(force: Bool)
        /// Remove a run that waits to be initialised, if it still does, and nothing was written to it for some seconds.
        /// For a session without a run: the metadata of its next one.
        case purgePending(unchangedFor: Double = 0)
    }

    package let target: RunTarget
    package let action: Action
    /// Whether it is refused with `unknownRun` if the run has not been initialised, instead of waiting for that.
    package let needsRun: Bool
    /// The sender, by a name that means nothing to the store; nil: unknown. Each sender has a share of the pending
    /// runs (`RunRules.mostPendingOfSender`).
    package let sender: String?

    package init(_ target: RunTarget, _ action: Action, needsRun: Bool = false, sender: String? = nil) {
        self.target = target
        self.action = action
        self.needsRun = needsRun
        self.sender = sender
    }
}

extension RunWrite.Action {
    /// Whether it ends or continues the run, which a full run accepts too.
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
    /// Those that clients set: not those that say when and how the run started and ended.
    case properties
    /// All files below a folder.
    case folder(DataPath)

    /// Properties that say how a run started and ended, which stay.
    package static let lasting: Set<String> = ["start", "end", "completed", "type", "context", "script", "output"]
}

/// What a write did.
package struct WriteOutcome: Sendable {
    package enum Effect: Sendable {
        /// It is in the run.
        case written
        /// It waits for the run to be initialised.
        case pending
        /// There was nothing to do: the run already was initialised, or had ended.
        case unchanged
    }

    package let effect: Effect
    /// The run that was written to; nil if a session has none yet.
    package let run: RunID?
    /// The merged document, after a patch.
    package var document: [UInt8] = []
    /// Whether an artifact was replaced.
    package var replaced = false
    /// Whether the run to be initialised existed already.
    package var existed = false
    /// Whether the run has source and was given a script when it was initialised.
    package var hasSource = false
    /// The version of the artifact that was written.
    package var version: BlobVersion?
    /// The run as the write left it, if that is known without reading it: a new run.
    package var snapshot: RunSnapshot?

    package init(effect: Effect, run: RunID?) { (self.effect, self.run) = (effect, run) }
}
