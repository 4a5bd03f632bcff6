package import Limits

/// Why nothing came of a call on scratch files.
package enum ScratchError: Error, Equatable, Sendable {
    /// A call on a file failed.
    case failed(FileFailure)
    /// As many files are open as may be.
    case exhausted(Limit)
    /// A sync failed: nobody knows what the disk holds.
    case unsynced(FileFailure)
    /// The folder cannot be used yet; says why.
    case closed(String)
    /// The folder is gone; says how.
    case gone(String)
}

/// Runs a call on files, turning its failure into the error of scratch files.
func scratching<Result>(_ body: () throws(FileFailure) -> Result) throws(ScratchError) -> Result {
    do throws(FileFailure) { return try body() } catch { throw .failed(error) }
}
