package import Limits
package import RunMetadata

/// Where runs are kept. All that is above it (writers, API) speaks to this protocol; `DirectoryRunStore` keeps runs as
/// directories.
package protocol RunStore: Sendable {
    /// Asks for a write. It is done with the others that wait, by whoever calls `commit()` next.
    /// - Parameter completion: called once, when the write is durable and visible or was refused. It must not block.
    func submit(_ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void)

    /// Whether a write waits and nobody is at it.
    var hasWaitingWrites: Bool { get }

    /// Makes all writes that wait durable and visible with one sync, then completes them. Returns at once when another
    /// thread is at it. Blocks on the disk.
    func commit()

    /// Names the one who commits by trade: called when something waits that was asked for on another thread. Until it is
    /// named, whoever asks commits.
    func onWaiting(_ call: @escaping @Sendable () -> Void)

    /// A new file outside of all runs, for a body that is too large for memory.
    func makeStagingFile() throws(StoreError) -> StagingFile

    /// Files of which only a part has come.
    var partialUploads: PartialUploads { get }

    /// Takes a file that is complete and synced to where files are published from.
    func stage(_ path: String) throws(StoreError) -> StagingFile

    /// A new folder outside of all runs, for a program to make files in.
    func makeStagingFolder() throws(StoreError) -> StagingFolder

    /// Where a target's metadata is now; nil where it has none yet. For programs to read.
    func dataDirectory(of target: RunTarget) -> String?

    /// The run that a target names; nil when the session has no active run.
    func resolve(_ target: RunTarget) -> RunID?

    /// What is known of a run; nil when there is none.
    func snapshot(of run: RunID) throws(StoreError) -> RunSnapshot?

    /// The page of runs that a query asks for. Every write that was completed before is in it.
    func runs(_ query: RunQuery) throws(StoreError) -> RunPage

    /// The names of the columns that runs have, in no order: those that conditions and orders can name.
    func columns() throws(StoreError) -> Set<String>

    /// A file of a run's metadata, up to date; nil when there is none. Of flags and evaluation, the exact list as it was sent.
    func file(_ path: DataPath, of run: RunID) throws(StoreError) -> StoredFile?

    /// What is at a path in a run's directory, metadata up to date; of a folder, a page. Without a path, the directory
    /// itself. Nil when nothing is there.
    /// - Throws: `unknownRun`; `outOfReach` where a link leads outside
    func file(_ path: ArtifactPath?, of run: RunID, page: FolderPage.Request) throws(StoreError) -> RunFile?

    /// All files of a run as they are now, its metadata as of one moment.
    /// - Throws: `unknownRun`
    func bundle(of run: RunID) throws(StoreError) -> RunBundle

    /// The files in a folder of a run's metadata and below, with their bytes; none where there is no such run or folder.
    func files(below folder: DataPath, of run: RunID) throws(StoreError) -> [(path: DataPath, size: Int)]

    /// The rows of a run's metrics; nil when it has none. Reading them goes on while others are appended.
    func metricsRows(of run: RunID) throws(StoreError) -> StoredRows?

    /// What happens to runs, while somebody watches.
    var changes: ChangeFeed { get }

    /// What the store has done, and how long it took.
    var statistics: StoreStatistics { get }

    /// Bytes that are free to the runs, and bytes in all, where they are kept; nil when that is not known.
    var room: (free: UInt64, size: UInt64)? { get }

    /// How many runs have each status, pending and archived ones among them. May read the disk.
    func runCounts() throws(StoreError) -> [RunStatus: Int]

    /// Why a write would be refused now: nothing when it would not be.
    var hindrances: [StoreHindrance] { get }

    /// What is wrong although the store serves and takes writes.
    var warnings: [StoreHindrance] { get }

    /// A run's properties, by name; nil when there is no such run.
    func properties(of run: RunID) throws(StoreError) -> [(name: String, text: String)]?

    /// Brings every view of a run's metadata up to date. May take long for a large one.
    func bringUpToDate(_ run: RunID)

    /// The runs that wait to be initialised and to which nothing has been written for some seconds.
    func pendingRuns(unchangedFor seconds: Double) throws(StoreError) -> [RunID]
    /// The same where that takes a moment; else it is begun, and done soon.
    func beginToBringUpToDate(_ run: RunID)

    /// How many runs are initialised.
    func runCount() -> Int

    /// Why writes are refused until a restart; nil when they are not.
    var failure: String? { get }

    /// What there was no room on the disk for when the store was opened, so that no write is taken yet; nil when there was.
    var lacksRoomToStart: String? { get }
}

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
        /// The same of one that waits to be initialised, if it still does.
        case purgePending
    }

    package let target: RunTarget
    package let action: Action

    package init(_ target: RunTarget, _ action: Action) {
        self.target = target
        self.action = action
    }
}

/// How a run ends.
package struct RunEnd: Sendable {
    /// Whether it did what it was to do; a run that was stopped did not.
    package var isCompleted = true
    /// When it ended, as text of the property; nil: now.
    package var end: String?
    /// The changes that write its evaluation; none where none was given.
    package var evaluation: [DataChange] = []

    package init() {}
}

/// Metadata that is removed.
package enum RemovedMetadata: Sendable {
    case files([DataPath])
    /// Those that clients set: not what says when and how the run started and ended.
    case properties
    /// All files below a folder.
    case folder(DataPath)
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
    /// The run as the write left it, where that is known without reading it: a run that is new.
    package var snapshot: RunSnapshot?
}

/// Why a store takes no write at present.
package struct StoreHindrance: Sendable, Equatable {
    /// `runs-gone`, `read-only`, `disk-full` or `out-of-resources`, of the store's own.
    package let name: String
    package let detail: String

    package init(name: String, detail: String) {
        self.name = name
        self.detail = detail
    }
}

/// Why a store refused.
package enum StoreError: Error, Sendable, Equatable {
    /// There is no such run.
    case unknownRun
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
    /// The runs directory is gone, or another is in its place; says which.
    case runsGone(String)
    /// Too many runs wait to be initialised.
    case tooManyPending(LimitExceeded)
    /// Anything else that the operating system said.
    case failed(FileFailure)
    /// A folder that was to be published stands on one that was changed meanwhile.
    case changedMeanwhile(DataPath)
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
    /// The run has ended otherwise than the write says; says how.
    case endedOtherwise(RunID, String)
    /// The run has nothing of what was to be removed.
    case nothingThere
    /// A whole frame of metrics cannot take the place of those that are there; says why.
    case frameConflict(String)
}
