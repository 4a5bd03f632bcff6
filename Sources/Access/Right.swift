/// What a request needs, and what a token allows. Each right includes those before it: a job that writes may read what
/// it wrote.
package enum Right: String, Sendable, CaseIterable, Comparable {
    /// Nothing: health, the page, the API's description.
    case none
    /// Reads runs.
    case read
    /// Writes metadata and files, begins, ends and archives runs.
    case write
    /// Removes runs, and changes many at once.
    case admin

    package static func < (left: Right, right: Right) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .none: 0
        case .read: 1
        case .write: 2
        case .admin: 3
        }
    }
}
