package import JSON
package import LocalFiles
package import RunMetadata

/// Where runs are kept. All code above it (writers, API) uses this protocol. `README.md` in this folder has the rules
/// of a store; `StoreClaim` in the tests checks them for any store.
///
/// Reads may block on a disk or a network; `submit` never does.
package protocol RunStore: Sendable {
    /// Submits a write. It is done in submission order, together with others that wait.
    /// - Parameter completion: called once, when the write is durable and visible, or was refused. It must not block.
    func submit(_ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void)

    /// The run that a target names; nil if the session has no active run.
    func resolve(_ target: RunTarget) throws(StoreError) -> RunID?

    // MARK: Runs

    /// What is known about a run; nil if there is none.
    func snapshot(of run: RunID) throws(StoreError) -> RunSnapshot?

    /// The page of runs that a query asks for. It includes every write that was completed before.
    func runs(_ query: RunQuery) throws(StoreError) -> RunPage

    /// The names of all runs' columns, in no order: those that conditions and orders can name.
    func columns() throws(StoreError) -> Set<ExactText>

    /// The runs that wait to be initialised, and to which nothing has been written for some seconds.
    func pendingRuns(unchangedFor seconds: Double) throws(StoreError) -> [RunID]

    /// How many runs have each status, including pending and archived ones.
    func runCounts() throws(StoreError) -> [RunStatus: Int]

    // MARK: What a run has

    /// A run's properties, by name; nil if there is no such run.
    func properties(of run: RunID) throws(StoreError) -> [(name: String, text: String)]?

    /// A file of a run's metadata, up to date; nil if there is none. For flags and evaluation, the exact list as it was
    /// sent.
    func file(_ path: DataPath, of run: RunID) throws(StoreError) -> (any Blob)?

    /// What is at a path of a run, metadata up to date; for a folder, a page. Without a path, the run's directory. Nil
    /// if there is nothing.
    /// - Throws: `unknownRun`; `outOfReach` if a link leads outside
    func file(_ path: ArtifactPath?, of run: RunID, page: FolderPage.Request) throws(StoreError) -> RunFile?

    /// The files in a folder of a run's metadata and below, with their bytes; empty if there is no such run or folder.
    func files(below folder: DataPath, of run: RunID) throws(StoreError) -> [(path: DataPath, size: Int)]

    /// All files of a run as they are now, its metadata as of one moment.
    /// - Throws: `unknownRun`
    func bundle(of run: RunID) throws(StoreError) -> any RunBundle

    /// Rows of a run's metrics as they are now, each number as it was sent, or points of them; nil if it has none.
    /// Points keep the least and the greatest values; if nothing would be left out, the result is all rows. Rows may be
    /// appended while they are read.
    /// - Parameter isWanted: whether anybody still waits for it; asked now and then
    /// - Throws: `unknownColumn`; `abandoned` if it is no longer wanted
    func metrics(
        _ selection: MetricsSelection, of run: RunID, while isWanted: () -> Bool
    ) throws(StoreError) -> (any MetricsReading)?

    /// The series of each of some runs, in their order; empty for a run without metrics.
    /// - Parameter isWanted: likewise; on any thread
    /// - Throws: `unknownRuns`; `tooMuchAsked`; `abandoned`
    func series(
        _ selection: SeriesSelection, of runs: [RunID], while isWanted: @Sendable () -> Bool
    ) throws(StoreError) -> [[MetricsSeries]]

    /// A target's metadata in a folder of this machine, up to date, for programs to read: the store's own folder, or a
    /// copy in the given one. Nil if the target has none yet.
    func localMetadata(of target: RunTarget, in folder: StagingFolder) throws(StoreError) -> LocalMetadata?

    /// Called when a run has ended. Brings what the store derives from its metadata up to date; if that takes more than
    /// a moment, only begins it.
    func settle(_ run: RunID)

    // MARK: The store

    /// The rules that the store enforces.
    var rules: RunRules { get }

    /// Changes of runs, while somebody watches.
    var changes: any ChangeFeed { get }

    /// What the store has done, and how long it took.
    var statistics: StoreStatistics { get }

    /// Free bytes for runs, and bytes in all, where they are kept; nil if unknown.
    var room: (free: UInt64, size: UInt64)? { get }

    /// Bytes of all runs' files, as far as they are known; nil if they are not bounded.
    var usedBytes: Int? { get }

    /// The number of pending runs that were dropped for their age (`RunRules.pendingAge`), since the store was opened.
    var droppedCount: Int { get }

    /// Why a write would be refused now; empty if it would not be.
    var hindrances: [StoreHindrance] { get }

    /// What is wrong although the store serves and takes writes.
    var warnings: [StoreHindrance] { get }
}

extension RunStore {
    package func settle(_ run: RunID) {}
    package var statistics: StoreStatistics { .none }
    package var hindrances: [StoreHindrance] { [] }
    package var room: (free: UInt64, size: UInt64)? { nil }
    package var warnings: [StoreHindrance] { [] }
    package var usedBytes: Int? { nil }
    package var droppedCount: Int { 0 }
}
