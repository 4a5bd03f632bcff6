internal import JSON
internal import Logging
internal import RunMetadata

/// Bringing the index up to date with what was found to have changed.
extension RunIndex {
    /// Looks at what was written, and where there are few runs, at all of them.
    func bringUpToDate() {
        let changes = touched.take()
        var folders = changes
        if rows.count <= Self.fewNames {
            for folder in lookAtNames() { folders[folder] = .anything }
            if rows.count <= Self.fewRuns {
                for folder in lookAtRuns(but: changes) { folders[folder] = .anything }
            }
        }
        do throws(IndexFailure) { try refresh(folders) } catch {
            // As if it had not been looked at; the listing lags.
            for (folder, change) in changes { touched.insert(folder, change) }
            noteFailure(error)
        }
    }

    /// Brings runs up to date that were found to have changed.
    func refresh(_ folders: [String]) {
        try? locked { () throws(StoreError) in
            do throws(IndexFailure) {
                try refresh(Dictionary(folders.map { ($0, .anything) }) { first, _ in first })
            } catch { noteFailure(error) }
        }
    }

    /// Brings up to date what was written to, a few runs at a time, so that listings come in between. What is written to
    /// meanwhile waits for the next time.
    func refreshTouched() {
        for _ in stride(from: 0, to: touched.count, by: Self.batch) {
            // Taken and looked at under one lock: a listing in between would show neither.
            try? locked { () throws(StoreError) in refreshTouched(atMost: Self.batch) }
        }
    }

    private func refreshTouched(atMost count: Int) {
        let changes = touched.take(atMost: count)
        do throws(IndexFailure) { try refresh(changes) } catch {
            for (folder, change) in changes { touched.insert(folder, change) }
            noteFailure(error)
        }
    }

    private func refresh(_ folders: [String: TouchedRuns.Change]) throws(IndexFailure) {
        guard let database, !folders.isEmpty else { return }
        var changes: [IndexDatabase.Change] = []
        for (folder, change) in folders {
            guard let run = RunID(folder) else { continue }
            if let entry = try read(run, change) {
                changes.append(.put(row: rows.set(entry), entry))
            } else if let row = rows[folder] {
                rows.remove(folder)
                changes.append(.remove(row: row))
            }
        }
        try write(changes, to: database)
        updateLoaded(changes)
    }

    /// Writes changes, with those that could not be written before.
    private func write(_ changes: [IndexDatabase.Change], to database: IndexDatabase) throws(IndexFailure) {
        // One a row: the later one makes the earlier one needless.
        var all = unwritten
        for change in changes { all[change.row] = change }
        do throws(IndexFailure) {
            try database.apply(Array(all.values))
            unwritten = [:]
        } catch {
            if error.isDamage { throw error }
            if unwritten.isEmpty {
                log.warning("the index cannot be written, and is kept in memory meanwhile: \(error)")
            }
            unwritten = all
        }
    }

    /// What is kept of the run in a row.
    private func kept(_ row: Int) throws(IndexFailure) -> IndexEntry.Kept? {
        if case .put(_, let entry) = unwritten[row] { return entry.kept }
        return try database?.kept(row)
    }

    /// Reads a run; nil where there is none.
    private func read(_ run: RunID, _ change: TouchedRuns.Change) throws(IndexFailure) -> IndexEntry? {
        guard let place = paths.locate(run.description), place != .pending else { return nil }
        let data = paths.data(run.description, place)
        let known = try rows[run.description].flatMap { row throws(IndexFailure) in try kept(row) }
        do throws(FileFailure) {
            if change == .rows, let known, let entry = try IndexEntry(rowsOf: run, place, data: data, known: known) {
                return entry
            }
            return try IndexEntry(run, place, data: data, known: known)
        } catch {
            // It cannot be read; if it went meanwhile, that will be noticed.
            log.warning("\(run) is not listed as it is: \(error)")
            return nil
        }
    }

    private func updateLoaded(_ changes: [IndexDatabase.Change]) {
        for index in loaded.indices {
            loaded[index].column.grow(to: rows.count)
            Self.put(changes, into: &loaded[index].column, loaded[index].name)
        }
        // Texts that were replaced are still held.
        loaded.removeAll { $0.column.textCount > 2 * rows.count + 1000 }
    }

    /// Brings one column up to date with changes.
    static func put(_ changes: some Sequence<IndexDatabase.Change>, into column: inout RunColumn, _ name: String) {
        for change in changes {
            switch change {
            case .put(let row, let entry):
                let value = RunValue(entry.summary.columns[name])
                if case .text(let text) = value {
                    column[row] = .text(IndexDatabase.cut(text))
                } else {
                    column[row] = value
                }
            case .remove(let row): column[row] = .missing
            }
        }
    }
}
