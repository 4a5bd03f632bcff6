package import LocalFiles
package import RunStore

/// The settings of a directory store.
package struct StoreSettings: Sendable {
    /// Bytes of a journal segment.
    package var segmentSize = 16 << 20
    /// Bytes that are left free on the disk: with less, writes get 507.
    package var reserve = 1 << 20
    /// The most waiting writes.
    package var queueLimit = 10_000
    /// Bytes of a batch; further writes go into the next one.
    package var batchBytes = 4 << 20
    /// A segment with less room than this counts as full.
    var segmentSlack = 64 << 10
    /// The rules of every store.
    package var rules = RunRules()
    /// Seconds from a row to the next refresh of `metrics.json`.
    package var viewDelay: Double = 0.5
    /// The greatest share of the time for refreshing one run's `metrics.json`.
    package var viewShare: Double = 0.02
    /// The most seconds that a listing waits for the index to be opened.
    package var indexWait: Double = 2
    /// What may be kept of partly received files.
    package var partialUploads = PartialUploads.Limits()
    /// Seconds since 1970.
    package var clock: @Sendable () -> Double = wallClock

    package init() {}
}
