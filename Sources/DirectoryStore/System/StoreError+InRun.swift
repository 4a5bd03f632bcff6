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

    /// The same for a file in a run's directory, whose path may be shown.
    private init(inRun failure: FileFailure) {
        let path = "\"\(failure.path)\""
        switch failure.errno {
        case .tooManySymbolicLinkLevels:
            self = .outOfReach(
                "\(path) is a link, or has one on the way, that leads out of the run's directory; nothing is written through "
                    + "links")
        case .improperLink:
            self = .outOfReach("\(path) leads out of the run's directory, by a link or onto another file system")
        case .permissionDenied, .notPermitted:
            self = .outOfReach("the server is not permitted to read or write \(path)")
        case .fileTooLarge:
            self = .unreadable("\(path) is over \(RunDirectory.largestWhole) bytes, too large to be read; remove it")
        case _ where failure.isPathTaken:
            self = .pathTaken(
                "\(path), or a folder on the way to it, is of another kind; remove it, or choose another path")
        default: self.init(local: failure)
        }
    }
}

/// Runs a call on scratch files and turns its failure into a `StoreError`.
func spooling<Result>(_ body: () throws(ScratchError) -> Result) throws(StoreError) -> Result {
    do throws(ScratchError) { return try body() } catch { throw StoreError(error) }
}
