package import RunMetadata

/// Hands on what happens to runs, to the one thread that tells others of it. The feed gives each change its id, so that who comes
/// back is told what came meanwhile: by a server that was started anew too, or another one, where a store keeps ids for all.
package protocol ChangeFeed: AnyObject, Sendable {
    /// Begins or ends to gather. What was gathered before may be forgotten.
    func watch(_ isWatched: Bool)

    /// From now on, what something else does to a run is told too, or to all of them where it is nil. May read their directories.
    func follow(_ run: RunID?)

    /// Takes what has come. Never blocks.
    func take() -> TakenChanges

    /// The id of the last change that was taken; before any, one that all have after them.
    var position: ChangeID { get }

    /// What was taken after the change with an id, of a run, or of all where it is nil; nil where that cannot be told any more.
    func changes(after id: ChangeID, of run: RunID?) -> [ToldChange]?

    /// Waits until something has come or somebody rings, some seconds at most; nil: as long as it takes.
    func wait(seconds: Double?)

    /// Wakes whoever waits.
    func ring()
}

/// Where a change stands among all.
package struct ChangeID: Hashable, Sendable, CustomStringConvertible {
    /// Names the count that the number belongs to: letters and digits. Numbers of different counts have nothing to do with one
    /// another.
    package let series: String
    /// The greater, the later.
    package let number: UInt64

    package init(series: String, number: UInt64) { (self.series, self.number) = (series, number) }

    /// Reads the text of an id; nil where it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let number = UInt64(parts[1]) else { return nil }
        self.init(series: String(parts[0]), number: number)
    }

    package var description: String { "\(series)-\(number)" }
}

/// A change with its id.
package struct ToldChange: Sendable {
    package let id: ChangeID
    package let change: RunChange

    package init(id: ChangeID, change: RunChange) { (self.id, self.change) = (id, change) }
}

/// What a feed had.
package struct TakenChanges: Sendable {
    /// By their numbers; those of one run in the order in which they were made.
    package var changes: [ToldChange]
    /// Whether some were lost, so that all has to be read anew.
    package var isIncomplete: Bool

    package init(_ changes: [ToldChange] = [], isIncomplete: Bool = false) {
        (self.changes, self.isIncomplete) = (changes, isIncomplete)
    }
}
