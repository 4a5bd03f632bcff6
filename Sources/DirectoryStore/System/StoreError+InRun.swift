internal import LocalFiles
internal import RunStore
internal import SystemPackage

extension StoreError {
    /// The error for a failed call on a file.
    init(_ failure: FileFailure) {
        if failure.isInRun, !failure.isNoSpace, !failure.isShortage {
            self.init(inRun: failure)
        } else {
            self.init(local: failure)
        }
    }

    /// The same of something in a run's directory, of which the path may be told.
    private init(inRun failure: FileFailure) {
        let path = "\"\(failure.path)\""
        switch failure.errno {
        case .tooManySymbolicLinkLevels:
            self = .outOfReach(
                "\(path) is a link, or has one on the way, that leads out of the run's directory; nothing is written through "
                    + "links at all")
        case .improperLink:
            self = .outOfReach("\(path) leads out of the run's directory, by a link or onto another file system")
        case .permissionDenied, .notPermitted:
            self = .outOfReach("the server has no right to read or write \(path)")
        case _ where failure.isPathTaken:
            self = .pathTaken(
                "\(path), or a folder on the way to it, is something else; remove it, or name another path")
        default: self.init(local: failure)
        }
    }
}

/// Runs a call on scratch files, turning its failure into the store's error.
func spooling<Result>(_ body: () throws(ScratchError) -> Result) throws(StoreError) -> Result {
    do throws(ScratchError) { return try body() } catch { throw StoreError(error) }
}
