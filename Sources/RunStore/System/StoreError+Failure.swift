internal import SystemPackage

extension StoreError {
    /// The error for a failed call on a file.
    package init(_ failure: FileFailure) {
        if failure.isNoSpace {
            self = .diskFull(failure.description)
        } else if failure.isShortage {
            self = .shortage(failure.description)
        } else if failure.isInRun {
            self.init(inRun: failure)
        } else {
            self = .failed(failure)
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
        default: self = .failed(failure)
        }
    }
}
