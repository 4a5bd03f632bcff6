/// Where a run stands. Derived, never stored.
package enum RunStatus: String, Sendable, CaseIterable {
    /// Metadata was sent to it, but it has not been initialised.
    case pending
    /// Initialised, not ended.
    case running
    /// Running, and nothing written for a while.
    case stale
    /// Ended well.
    case completed
    /// Ended without being completed.
    case stopped
    /// With an error.
    case failed
    /// In the archive.
    case archived
    /// Written to since its files were, which waits for room on the disk: what they say is out of date.
    case behind
}
