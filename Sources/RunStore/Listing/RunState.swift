package import RunMetadata

/// A run's state, independent of the time.
package enum RunState: UInt8, Sendable {
    // The numbers are stored in the index of directories.
    case running = 0
    case completed = 1
    case failed = 2
    case stopped = 3

    package init(_ summary: RunSummary) {
        self.init(summary.status(updated: 0, now: 0, staleAfter: .infinity))
    }

    /// The state of a run that has a status.
    package init(_ status: RunStatus) {
        switch status {
        case .completed: self = .completed
        case .failed: self = .failed
        case .stopped: self = .stopped
        default: self = .running
        }
    }

    /// The status, which also depends on the time.
    package func status(place: RunPlace, updated: Double, now: Double, staleAfter: Double) -> RunStatus {
        switch (place, self) {
        case (.archived, _): .archived
        case (.pending, _): .pending
        case (_, .completed): .completed
        case (_, .failed): .failed
        case (_, .stopped): .stopped
        case (_, .running): now - updated > staleAfter ? .stale : .running
        }
    }
}
