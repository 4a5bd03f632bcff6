/// The permission that a request needs. Every route declares it; nothing checks it yet.
enum Right: Sendable, CaseIterable {
    /// None: health, the page, the API's description.
    case none
    /// Reads runs.
    case read
    /// Writes metadata and files, begins and ends runs.
    case write
    /// Removes runs, and changes many at once.
    case admin
}
