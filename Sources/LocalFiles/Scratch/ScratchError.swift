package import Limits

/// Why a call on scratch files failed.
package enum ScratchError: Error, Equatable, Sendable {
    /// A call on a file failed.
    case failed(FileFailure)
    /// Too many files are open.
    case exhausted(Limit)
    /// A sync failed: the content of the disk is unknown.
    case unsynced(FileFailure)
    /// The folder cannot be used yet; the text says why.
    case closed(String)
    /// The folder is gone; the text says how.
    case gone(String)
}

/// Runs a call on files and turns its failure into a `ScratchError`.
func scratching<Result>(_ body: () throws(FileFailure) -> Result) throws(ScratchError) -> Result {
    do throws(FileFailure) { return try body() } catch { throw .failed(error) }
}
