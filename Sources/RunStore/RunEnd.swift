package import RunMetadata

/// How a run ends.
package struct RunEnd: Sendable {
    /// False for a run that was stopped.
    package var isCompleted = true
    /// The time of the end, as text of the property; nil: now.
    package var end: String?
    /// The changes that write its evaluation; empty if none was given.
    package var evaluation: [DataChange] = []

    /// How a run has ended, if not as a write says.
    package enum Difference: Sendable, Equatable {
        /// By an error.
        case failed
        /// Before it was completed.
        case stopped
        case completed
        /// As the write says, but at another time.
        case otherTime
        /// As the write says, but with another evaluation.
        case otherEvaluation
    }

    package init() {}

    /// Checks that a run that has ended did so as this says.
    /// - Parameter content: the bytes of a file of the run; nil if there is none
    /// - Throws: `endedOtherwise`
    package func check(
        _ run: RunID, hasFailed: Bool, hasEnded: Bool, content: (DataPath) throws(StoreError) -> [UInt8]?
    ) throws(StoreError) {
        if hasFailed { throw .endedOtherwise(run, .failed) }
        if !hasEnded { return }
        let completed = try content(.property(.completed)).map { PropertyText.read($0) }
        if (completed.flatMap { PropertyText.flag($0) } ?? false) != isCompleted {
            throw .endedOtherwise(run, isCompleted ? .stopped : .completed)
        }
        if let end, try content(.property(.end)).map({ PropertyText.read($0) }) != end {
            throw .endedOtherwise(run, .otherTime)
        }
        for change in evaluation {
            switch change {
            case .put(let path, let bytes): if try content(path) == bytes { continue }
            case .remove(let path): if try content(path) == nil { continue }
            default: break
            }
            throw .endedOtherwise(run, .otherEvaluation)
        }
    }
}
