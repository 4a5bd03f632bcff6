package import Limits
internal import RunMetadata

/// Rules that every store enforces, as set by the server's operator.
package struct RunRules: Sendable {
    /// Seconds without a write after which a running run is stale.
    package var staleAfter: Double = 3600
    /// Properties that a run may have.
    package var mostProperties = NameLimits().properties
    /// Columns of a run's metrics, and names of its flags and of its evaluation.
    package var mostColumns = NameLimits().columns
    /// Runs, archived ones among them; nil: any number.
    package var mostRuns: Limit?
    /// Bytes of one run's files; nil: any number. What a store derives, such as the frame of rows, does not count.
    package var mostRunBytes: Limit?
    /// Bytes of all runs' files, including pending ones; nil: any number.
    package var mostBytes: Limit?
    /// Runs, and sessions without a run, that wait to be initialised.
    package var mostPending = Limit(.pendingRuns, most: 10_000, setting: "--max-pending")
    /// Those of one sender (`RunWrite.sender`); nil: any number, up to `mostPending`.
    package var mostPendingOfSender: Limit?
    /// Seconds for which a pending run is kept after its last write; nil: until the run is initialised.
    package var pendingAge: Double?

    package init() {}

    /// Refuses a write after which a run would have too many properties. If a run has too many already, since another
    /// program wrote them, they may be rewritten.
    /// - Parameters:
    ///   - count: how many the run would have
    ///   - before: how many it has
    /// - Throws: `refused`
    package func checkProperties(_ count: Int, before: Int) throws(StoreError) {
        guard count > max(mostProperties.most, before) else { return }
        throw .refused(
            .shape(nil, "properties: the run would have \(LimitExceeded(mostProperties)); remove some, or send fewer"))
    }

    /// The same for the columns of a run's metrics, or the names of its flags or its evaluation.
    /// - Parameter what: what has them, for the message
    package func checkColumns(_ count: Int, before: Int, of what: String) throws(StoreError) {
        guard count > max(mostColumns.most, before) else { return }
        throw .refused(
            .shape(nil, "\(what): the run would have \(LimitExceeded(mostColumns)); send names that it has already"))
    }

    /// Refuses a new run if there are too many.
    /// - Throws: `tooManyRuns`
    package func checkRuns(_ count: Int) throws(StoreError) {
        if let mostRuns, count > mostRuns.most { throw .tooManyRuns(LimitExceeded(mostRuns)) }
    }

    /// Refuses a write after which a run would have too many bytes. A write that does not make it larger is never
    /// refused.
    /// - Throws: `runFull`
    package func checkBytes(ofRun bytes: Int, before: Int) throws(StoreError) {
        guard let mostRunBytes, bytes > max(mostRunBytes.most, before) else { return }
        throw .runFull(LimitExceeded(mostRunBytes))
    }

    /// The same for all runs together.
    /// - Throws: `storeFull`
    package func checkBytes(ofAll bytes: Int, before: Int) throws(StoreError) {
        guard let mostBytes, bytes > max(mostBytes.most, before) else { return }
        throw .storeFull(LimitExceeded(mostBytes))
    }

    /// Refuses one more pending run if there are too many.
    /// - Parameters:
    ///   - count: how many there would be
    ///   - ofSender: how many of its sender
    /// - Throws: `tooManyPending`
    package func checkPending(_ count: Int, ofSender: Int) throws(StoreError) {
        if count > mostPending.most { throw .tooManyPending(LimitExceeded(mostPending)) }
        if let most = mostPendingOfSender, ofSender > most.most { throw .tooManyPending(LimitExceeded(most)) }
    }
}
