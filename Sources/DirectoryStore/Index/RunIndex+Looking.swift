internal import Glibc
internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import RunStore

/// Looking for what something else has done to the directories.
extension RunIndex {
    /// The runs that came or went without this process.
    func lookAtNames() -> [String] {
        guard watch.isOutdated(paths), let names = try? IndexNames(paths) else { return watch.arrivals() }
        return watch.note(names, rows)
    }

    /// The same for one who does not hold the lock: the names of many runs take a while to read.
    func differingNames() -> [String] {
        do {
            if let arrivals = try locked({ () throws(StoreError) in watch.isOutdated(paths) ? nil : watch.arrivals() })
            {
                return arrivals
            }
            let names = try IndexNames(paths)
            return try locked { () throws(StoreError) in watch.note(names, rows) }
        } catch { return [] }
    }

    /// Which runs have changed, but for those that are known to have.
    func lookAtRuns(but known: [String: TouchedRuns.Change]) -> [String] {
        look(at: 0..<rows.count).filter { known[$0.run] == nil && $0.hasChanged }.map(\.run)
    }

    /// Some rows, to look at without holding up listings.
    /// - Returns: nil behind the last row
    func looks(from row: Int, count: Int) -> [IndexLook]? {
        try? locked { () throws(StoreError) in
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

    /// Brings the write-ahead log into the database where it has grown long.
    func checkpoint(beyond size: Int) {
        guard (Files.status(paths.index + "-wal")?.st_size ?? 0) > size else { return }
        do throws(IndexFailure) { try IndexDatabase.checkpoint(paths.index) } catch {
            log.warning("the index's log stays long: \(error)")
        }
    }
}
