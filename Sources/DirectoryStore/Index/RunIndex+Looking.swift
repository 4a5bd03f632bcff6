internal import Glibc
internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import RunStore

/// Finding changes of the directories by other programs.
extension RunIndex {
    /// The runs that other programs added or removed.
    func lookAtNames() -> [String] {
        guard watch.isOutdated(paths), let names = try? IndexNames(paths) else { return watch.arrivals() }
        return watch.note(names, rows)
    }

    /// The same, without holding the lock: reading the names of many runs takes a while.
    func differingNames() -> [String] {
        do {
            let arrivals = try locked(waits: false) { () throws(StoreError) in
                watch.isOutdated(paths) ? nil : watch.arrivals()
            }
            if let arrivals { return arrivals }
            let names = try IndexNames(paths)
            return try locked(waits: false) { () throws(StoreError) in watch.note(names, rows) }
        } catch { return [] }
    }

    /// The runs that have changed, without those known to have.
    func lookAtRuns(but known: [String: TouchedRuns.Change]) -> [String] {
        look(at: 0..<rows.count).filter { known[$0.run] == nil && $0.hasChanged }.map(\.run)
    }

    /// Some rows, to check without blocking listings.
    /// - Returns: nil after the last row
    func looks(from row: Int, count: Int) -> [IndexLook]? {
        try? locked(waits: false) { () throws(StoreError) in
            row < rows.count ? look(at: row..<min(row + count, rows.count)) : nil
        }
    }

    private func look(at range: Range<Int>) -> [IndexLook] {
        range.compactMap { row in
            rows.places[row].map { place in
                let name = rows.names[row]
                return IndexLook(
                    run: name, directory: paths.run(name, place), stamp: rows.stamps[row],
                    isUnreadable: rows.faults[name] != nil)
            }
        }
    }

    /// Makes a checkpoint if the write-ahead log is longer than `size`, and has changed since the last one: its file
    /// keeps its length until the next write begins it anew.
    /// - Parameter last: the log of which the last one was made
    /// - Returns: whether one was made
    @discardableResult
    func checkpoint(beyond size: Int, since last: inout FileVersion?) -> Bool {
        guard let version = FileVersion(file: Files.status(paths.index + "-wal")), version.size > size, version != last
        else { return false }
        do throws(IndexFailure) {
            try IndexDatabase.checkpoint(paths.index)
            last = version
            return true
        } catch {
            log.warning("the index's log stays long: \(error)")
            return false
        }
    }
}
