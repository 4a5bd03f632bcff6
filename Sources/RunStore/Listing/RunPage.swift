package import JSON
package import RunMetadata

/// A run as it is listed.
package struct ListedRun: Sendable {
    package let run: RunID
    package var status: RunStatus
    /// When something was written last, seconds since 1970, to the millisecond, and not before the run's start.
    package let updated: Double
    /// The columns of `ls_runs()`, and further ones that the query asks for; those that the run does not have are left
    /// out.
    package let columns: JSONObject

    package init(run: RunID, status: RunStatus, updated: Double, columns: JSONObject) {
        (self.run, self.status, self.updated, self.columns) = (run, status, updated, columns)
    }
}

/// A page of a listing.
package struct RunPage: Sendable {
    package var runs: [ListedRun]
    /// The number of matching runs, on all pages.
    package let count: Int
    /// The cursor of the next page; nil on the last one.
    package var next: RunCursor?

    package init(runs: [ListedRun], count: Int, next: RunCursor? = nil) {
        (self.runs, self.count, self.next) = (runs, count, next)
    }
}
