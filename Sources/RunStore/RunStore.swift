package import JSON
package import LocalFiles
package import RunMetadata

/// Where runs are kept. All that is above it (writers, API) speaks to this protocol. `README.md` beside it says what a
/// store has to keep; `StoreClaim` in the tests checks it, of any store.
///
/// Reads may block on a disk or a network; `submit` never does.
package protocol RunStore: Sendable {
    /// Asks for a write. It is done in the order of asking, with others that wait.
    /// - Parameter completion: called once, when the write is durable and visible or was refused. It must not block.
    func submit(_ write: RunWrite, completion: @escaping @Sendable (Result<WriteOutcome, StoreError>) -> Void)

    /// The run that a target names; nil when the session has no active run.
    func resolve(_ target: RunTarget) throws(StoreError) -> RunID?

    // MARK: Runs

    /// What is known of a run; nil when there is none.
    func snapshot(of run: RunID) throws(StoreError) -> RunSnapshot?

    /// The page of runs that a query asks for. Every write that was completed before is in it.
    func runs(_ query: RunQuery) throws(StoreError) -> RunPage

    /// The names of the columns that runs have, in no order: those that conditions and orders can name.
    func columns() throws(StoreError) -> Set<ExactText>

    /// The runs that wait to be initialised and to which nothing has been written for some seconds.
    func pendingRuns(unchangedFor seconds: Double) throws(StoreError) -> [RunID]

    /// How many runs have each status, pending and archived ones among them.
    func runCounts() throws(StoreError) -> [RunStatus: Int]

    // MARK: What a run has

    /// A run's properties, by name; nil when there is no such run.
    func properties(of run: RunID) throws(StoreError) -> [(name: String, text: String)]?

    /// A file of a run's metadata, up to date; nil when there is none. Of flags and evaluation, the exact list as it
    /// was sent.
    func file(_ path: DataPath, of run: RunID) throws(StoreError) -> (any Blob)?

    /// What is at a path of a run, metadata up to date; of a folder, a page. Without a path, all of the run. Nil when
    /// nothing is there.
    /// - Throws: `unknownRun`; `outOfReach` where a link leads outside
    func file(_ path: ArtifactPath?, of run: RunID, page: FolderPage.Request) throws(StoreError) -> RunFile?

    /// The files in a folder of a run's metadata and below, with their bytes; none where there is no such run or
    /// folder.
    func files(below folder: DataPath, of run: RunID) throws(StoreError) -> [(path: DataPath, size: Int)]

    /// All files of a run as they are now, its metadata as of one moment.
    /// - Throws: `unknownRun`
    func bundle(of run: RunID) throws(StoreError) -> any RunBundle

    /// Rows of a run's metrics as they are now, each number as it was sent, or points of them; nil when it has none.
    /// Points keep the least and the greatest values; where none would be left out, all rows are told. Reading goes on
    /// while others are appended.
    /// - Parameter isWanted: whether anybody waits for it still; asked now and then
    /// - Throws: `unknownColumn`; `abandoned` where it is not wanted any more
    func metrics(
        _ selection: MetricsSelection, of run: RunID, while isWanted: () -> Bool
    ) throws(StoreError) -> (any MetricsReading)?

    /// The series of each of some runs, in their order; none of a run without metrics.
    /// - Parameter isWanted: likewise; on any thread
    /// - Throws: `unknownRuns`; `tooMuchAsked`; `abandoned`
    func series(
        _ selection: SeriesSelection, of runs: [RunID], while isWanted: @Sendable () -> Bool
    ) throws(StoreError) -> [[MetricsSeries]]

    /// A target's metadata in a folder of this machine, up to date, for programs to read: the store's own, or a copy in
    /// the folder that is given. Nil where the target has none yet.
    func localMetadata(of target: RunTarget, in folder: StagingFolder) throws(StoreError) -> LocalMetadata?

    /// A run has ended: what the store derives from its metadata is brought up to date, where that takes a moment; else
    /// that is begun.
    func settle(_ run: RunID)

    // MARK: The store

    /// What the store was told to see to.
    var rules: RunRules { get }

    /// What happens to runs, while somebody watches.
    var changes: any ChangeFeed { get }

    /// What the store has done, and how long it took.
    var statistics: StoreStatistics { get }

    /// Bytes that are free to the runs, and bytes in all, where they are kept; nil when that is not known.
    var room: (free: UInt64, size: UInt64)? { get }

    /// Bytes of all runs' files, as far as they are known; nil where they are not bounded.
    var usedBytes: Int? { get }

    /// Pending runs that were dropped for their age (`RunRules.pendingAge`), since the store was opened.
    var droppedCount: Int { get }

    /// Why a write would be refused now: nothing when it would not be.
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
