package import RunMetadata

/// Passes changes of runs to the one thread that reports them. The feed gives each change its id, so that a returning
/// reader gets the changes since its last one; if the store keeps ids for all servers, also from another server or
/// after a restart.
package protocol ChangeFeed: AnyObject, Sendable {
    /// Starts or stops collecting changes. Those collected before may be dropped.
    func watch(_ isWatched: Bool)

    /// From now on, changes that other programs make to a run are reported too; nil: to all runs. May read their
    /// directories.
    func follow(_ run: RunID?)

    /// Takes the collected changes. Never blocks.
    func take() -> TakenChanges

    /// The id of the last change that was taken; before the first, an id that precedes all.
    var position: ChangeID { get }

    /// The changes of a run that were taken after the one with this id; of all runs if `run` is nil. Nil if they are no
    /// longer all known.
    func changes(after id: ChangeID, of run: RunID?) -> [ToldChange]?

    /// Waits for a change or for `ring()`.
    /// - Parameter seconds: the longest wait; nil: no limit
    func wait(seconds: Double?)

    /// Wakes the waiting thread.
    func ring()
}

/// The position of a change among all.
package struct ChangeID: Hashable, Sendable, CustomStringConvertible {
    /// The name of the series that the number belongs to: letters and digits. Numbers of different series are
    /// unrelated.
    package let series: String
    /// Later changes have greater numbers.
    package let number: UInt64

    package init(series: String, number: UInt64) { (self.series, self.number) = (series, number) }

    /// Reads the text of an id; nil if it is not one.
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

/// Changes taken from a feed.
package struct TakenChanges: Sendable {
    /// In order of their numbers; those of one run in the order in which they were made.
    package var changes: [ToldChange]
    /// Whether some were lost, so that readers have to read everything again.
    package var isIncomplete: Bool

    package init(_ changes: [ToldChange] = [], isIncomplete: Bool = false) {
        (self.changes, self.isIncomplete) = (changes, isIncomplete)
    }
}
