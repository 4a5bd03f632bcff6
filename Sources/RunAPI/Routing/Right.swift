/// What a client has to be allowed to do for a request. Every route says it; nothing checks it yet.
enum Right: Sendable, CaseIterable {
    /// Anyone may: health, the page, the API's description.
    case none
    /// Reads runs.
    case read
    /// Writes metadata and files, begins and ends runs.
    case write
    /// Removes runs, and changes many at once.
    case admin
}
