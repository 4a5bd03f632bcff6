/// A run's status. Derived, never stored.
package enum RunStatus: String, Sendable, CaseIterable {
    /// Metadata was sent, but it has not been initialised.
    case pending
    /// Initialised, not ended.
    case running
    /// Running, but nothing was written for a while.
    case stale
    /// Ended successfully.
    case completed
    /// Ended before it was complete.
    case stopped
    /// Has an error.
    case failed
    /// Archived.
    case archived
    /// Has committed writes that wait for room on the disk; its files are out of date.
    case behind
}
