package import Limits
internal import LocalFiles
package import RunStore

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
    /// What every store sees to.
    package var rules = RunRules()
    /// Seconds between a row and the next refresh of `metrics.json`.
    package var viewDelay: Double = 0.5
    /// The share of the time that refreshing one run's `metrics.json` may take.
    package var viewShare: Double = 0.02
    /// Runs and sessions that may wait to be initialised.
    package var pendingLimit = Limit(.pendingRuns, most: 10_000, setting: "--max-pending")
    /// Seconds since 1970.
    package var clock: @Sendable () -> Double = wallClock

    package init() {}
}
