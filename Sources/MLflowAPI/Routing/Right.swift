/// The permission that a request needs. Every route declares it.
enum Right: Sendable, CaseIterable {
    /// None: what the server can do.
    case none
    /// Reads runs and artifacts.
    case read
    /// Writes them, and moves runs to the archive and back.
    case write
    /// Changes many runs at once.
    case admin
}
