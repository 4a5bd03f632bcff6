package import Limits
package import LocalFiles
internal import RunMetadata

/// What a directory store may be told.
package struct StoreSettings: Sendable {
    /// Bytes of a journal segment.
    package var segmentSize = 16 << 20
    /// Bytes on the disk that are left free: below, writes get 507.
    package var reserve = 1 << 20
    /// Writes that may wait.
    package var queueLimit = 10_000
    /// Bytes of a batch, beyond which the next write goes into the next one.
    package var batchBytes = 4 << 20
    /// Room below which a segment counts as full.
    var segmentSlack = 64 << 10
    /// Seconds without a write after which a running run is stale.
    package var staleAfter: Double = 3600
    /// Seconds between a row and the next refresh of `metrics.json`.
    package var viewDelay: Double = 0.5
    /// The share of the time that refreshing one run's `metrics.json` may take.
    package var viewShare: Double = 0.02
    /// Runs and sessions that may wait to be initialised.
    package var pendingLimit = Limit(.pendingRuns, most: 10_000, setting: "--max-pending")
    /// Properties that a run may have.
    package var mostProperties = NameLimits().properties
    /// What may be kept of files of which only a part has come.
    package var partialUploads = PartialUploads.Limits()
    /// Seconds since 1970.
    package var clock: @Sendable () -> Double = wallClock

    package init() {}
}
