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
    /// More is asked for than is returned at once; the text says what, and what to do.
    case tooMuchAsked(String)
    /// Nobody waits for the result any more.
    case abandoned
    /// The result of a merge is not valid for the type.
    case refused(MetadataFault)
    /// The run is archived; restore it first.
    case archived(RunID)
    /// The run has not been initialised, and so is neither archived nor restored.
    case notInitialised(RunID)
    /// Where the run would move, into the archive or back, something else has its name.
    case placeTaken(RunID, archive: Bool)
    /// The run is not archived, and so is not purged without force.
    case notArchived(RunID)
    /// The run has no such artifact.
    case noFile(ArtifactPath)
    /// The artifact's current version (or absence) does not match the write's condition.
    case conditionFailed(ArtifactPath)
    /// Something else is at the artifact's path; the text says what.
    case pathTaken(String)
    /// A path leads out of the run's directory, or to what the server may not read; the text says how.
    case outOfReach(String)
    /// There is a link instead of the run's directory.
    case runIsLink(RunID)
    /// Too many writes wait.
    case overloaded
    /// A resource that all requests share is used up.
    case exhausted(Limit)
    /// The server is shutting down.
    case stopping
    /// A sync failed: no write is accepted until a restart.
    case readOnly(String)
    /// Acknowledged writes to the run are only in the journal, for lack of room on the disk: its files are out of date.
    case behind(RunID)
    /// No room on the disk, or the quota is used up.
    case diskFull(String)
    /// The process or the system is out of descriptors or memory; a later attempt may succeed.
    case shortage(String)
    /// The database that keeps the runs cannot be reached, or takes no writes at present; the text is the database's or
    /// the connection's. If the connection was lost during a write, the write may have been done nevertheless.
    case unreachable(String)
    /// The store of large files cannot be reached, or refuses; the text has its answer, and what to do.
    case objectsUnreachable(String)
    /// The content of a large file is missing where it is kept; the text names it.
    case objectMissing(String)
    /// The runs directory is gone, or was replaced by another; the text says which.
    case runsGone(String)
    /// Too many runs wait to be initialised, in all or of one sender.
    case tooManyPending(LimitExceeded)
    /// There would be more runs than allowed.
    case tooManyRuns(LimitExceeded)
    /// The run would have more bytes than allowed.
    case runFull(LimitExceeded)
    /// All runs together would have more bytes than allowed.
    case storeFull(LimitExceeded)
    /// The metadata that waits for a run was written to since it was checked, and stays.
    case writtenMeanwhile
    /// Any other failure of a lower layer; the text says what was tried, and the result. For the log: it may name what
    /// clients need not know.
    case failed(String)
    /// The folder that a staged one was made from has been changed meanwhile.
    case changedMeanwhile(DataPath)
    /// A later write to the path was done while this one's large file was uploaded.
    case overtaken(ArtifactPath)
    /// A query names something that does not exist.
    case query(RunQueryFault)
    /// The listing is being built; the number of runs in it so far, and of all.
    case indexing(done: Int, total: Int)
    /// The data exceeds what can be held in memory for reading; the text says what.
    case tooLarge(String)
    /// A file of metadata is truncated: another program is writing it, or was ended while it did.
    case beingWritten(DataPath)
    /// The new content cannot be combined with the present one, or the present one cannot be read.
    case unreadable(String)
    /// The run has ended in another way than the write says.
    case endedOtherwise(RunID, RunEnd.Difference)
    /// The run has none of the metadata that was to be removed.
    case nothingThere
    /// A whole frame of metrics cannot replace the present ones; the text says why.
    case frameConflict(String)
}

extension StoreError {
    /// The points of some runs exceed `SeriesSelection.mostText`.
    package static let seriesTooLarge = StoreError.tooMuchAsked(
        "the series are \(LimitExceeded(SeriesSelection.mostText)); ask for fewer runs, metrics or points")

    /// The error for a failed call on a local file that is in no run.
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
