package import Limits
package import LocalFiles
package import RunMetadata

/// Why a store refused.
package enum StoreError: Error, Sendable, Equatable {
    /// There is no such run.
    case unknownRun
    /// There are no such runs, of those that were named.
    case unknownRuns([RunID])
    /// The run's metrics have no such column.
    case unknownColumn(String, known: [String])
    /// What is asked for is more than is told at once; says what, and what to do.
    case tooMuchAsked(String)
    /// Nobody waits for what was asked for any more.
    case abandoned
    /// The result of a merge is none that the type takes.
    case refused(MetadataFault)
    /// The run is archived; restore it first.
    case archived(RunID)
    /// The run has not been initialised, and so is neither archived nor restored.
    case notInitialised(RunID)
    /// Where the run would go, in the archive or back from it, is something of its name.
    case placeTaken(RunID, archive: Bool)
    /// The run is not archived, and so is not purged without force.
    case notArchived(RunID)
    /// The run has no such artifact.
    case noFile(ArtifactPath)
    /// The artifact that is there, or that none is, is not what the write was meant for.
    case conditionFailed(ArtifactPath)
    /// Something else has the place of an artifact; says what.
    case pathTaken(String)
    /// A path leads out of the run's directory, or to what the server may not read; says how.
    case outOfReach(String)
    /// A link has the place of the run's directory.
    case runIsLink(RunID)
    /// Too many writes wait.
    case overloaded
    /// All of what requests together may hold is in use.
    case exhausted(Limit)
    /// The server is shutting down.
    case stopping
    /// A sync failed: no write is accepted until a restart.
    case readOnly(String)
    /// Acknowledged writes to the run are in the journal only, for want of room on the disk: its files are out of date.
    case behind(RunID)
    /// No room on the disk, or the quota is used up.
    case diskFull(String)
    /// The process or the system is out of descriptors or memory; it may be better in a moment.
    case shortage(String)
    /// The database that keeps the runs cannot be reached, or takes no writes at present; says what it or the
    /// connection said. A write may have been done nevertheless, if the connection was lost while it was.
    case unreachable(String)
    /// What keeps the contents of large files cannot be reached, or refuses; says what it said, and what to do.
    case objectsUnreachable(String)
    /// The content of a large file is gone from where it is kept; names it.
    case objectMissing(String)
    /// The runs directory is gone, or another is in its place; says which.
    case runsGone(String)
    /// Too many runs wait to be initialised, in all or of one sender.
    case tooManyPending(LimitExceeded)
    /// There are as many runs as there may be.
    case tooManyRuns(LimitExceeded)
    /// The run would have more bytes than one may.
    case runFull(LimitExceeded)
    /// All runs together would have more bytes than they may.
    case storeFull(LimitExceeded)
    /// What waits for a run was written to since it was looked at, and stays.
    case writtenMeanwhile
    /// Anything else that went wrong beneath; says what was tried and what came of it. For the log: it may name what
    /// clients need not know.
    case failed(String)
    /// A folder that was to be published stands on one that was changed meanwhile.
    case changedMeanwhile(DataPath)
    /// A later write to the path was done while this one's large file was brought to where it is kept.
    case overtaken(ArtifactPath)
    /// A query names what is not there.
    case query(RunQueryFault)
    /// The listing is being built: so many runs are in it, of so many.
    case indexing(done: Int, total: Int)
    /// What is there is more than can be held in memory to be read; says what.
    case tooLarge(String)
    /// A file of metadata is cut short: something else is writing it, or was ended while it did.
    case beingWritten(DataPath)
    /// What was written cannot be combined with what is there.
    case unreadable(String)
    /// The run has ended otherwise than the write says.
    case endedOtherwise(RunID, RunEnd.Difference)
    /// The run has nothing of what was to be removed.
    case nothingThere
    /// A whole frame of metrics cannot take the place of those that are there; says why.
    case frameConflict(String)
}

extension StoreError {
    /// The points of some runs are more than `SeriesSelection.mostText`.
    package static let seriesTooLarge = StoreError.tooMuchAsked(
        "the series are \(LimitExceeded(SeriesSelection.mostText)); ask for fewer runs, metrics or points")

    /// The error for a call on a file of this machine that is in no run.
    package init(local failure: FileFailure) {
        if failure.isNoSpace {
            self = .diskFull(failure.description)
        } else if failure.isShortage {
            self = .shortage(failure.description)
        } else {
            self = .failed(failure.description)
        }
    }

    /// The error for a call on scratch files.
    package init(_ error: ScratchError) {
        switch error {
        case .failed(let failure): self.init(local: failure)
        case .exhausted(let limit): self = .exhausted(limit)
        case .unsynced(let failure): self = .readOnly(failure.description)
        case .closed(let reason): self = .diskFull(reason)
        case .gone(let reason): self = .runsGone(reason)
        }
    }
}
