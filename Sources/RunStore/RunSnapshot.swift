package import RunMetadata

/// What a store knows about a run. An object, since it is part of a write's outcome, which is copied for each row.
package final class RunSnapshot: Sendable {
    package let run: RunID
    package let status: RunStatus
    /// When something was written last, seconds since 1970, to the millisecond, and not before the run's start.
    package let updated: Double
    package let summary: RunSummary
    /// The files of its metadata.
    package let files: [DataPath]

    package init(run: RunID, status: RunStatus, updated: Double, summary: RunSummary, files: [DataPath]) {
        (self.run, self.status, self.updated, self.summary, self.files) = (run, status, updated, summary, files)
    }
}
