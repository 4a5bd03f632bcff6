internal import JSON
internal import LocalFiles
internal import Logging
internal import RunMetadata
internal import RunStore

/// Updating the index with changed runs.
extension RunIndex {
    /// Updates the index with noted writes and, if there are few runs, checks all of them.
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
            // Noted again; the listing lags.
            for (folder, change) in changes { touched.insert(folder, change) }
            noteFailure(error)
        }
    }

    /// Updates runs that were found to have changed.
    func refresh(_ folders: [String]) {
        try? locked(waits: false) { () throws(StoreError) in
            do throws(IndexFailure) {
                try refresh(Dictionary(folders.map { ($0, .anything) }) { first, _ in first })
            } catch { noteFailure(error) }
        }
    }

    /// Updates the index with noted writes, a few runs at a time, so that listings come in between. Writes meanwhile
    /// wait for the next time.
    func refreshTouched() {
        for _ in stride(from: 0, to: touched.count, by: Self.batch) {
            // Taken and read under one lock: a listing in between would miss them.
            try? locked(waits: false) { () throws(StoreError) in refreshTouched(atMost: Self.batch) }
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
            do throws(FileFailure) {
                if let entry = try read(run, change) {
                    changes.append(.put(row: rows.set(entry), entry))
                } else if let row = rows[folder] {
                    rows.remove(folder)
                    changes.append(.remove(row: row))
                }
            } catch {
                // As if it had not been looked at; the listing lags.
                log.warning("\(run) is listed with its previous values: \(error)")
                touched.insert(folder, .anything)
            }
        }
        for change in changes { note(change) }
        faults.set(rows.faults)
        updateLoaded(changes)
        let isMuch = unwritten.count > Self.unwrittenRuns || unwrittenWeight > Self.unwrittenColumns
        if isMuch, !isFull { try writeDown(Array(unwritten.keys), to: database) }
    }

    private func note(_ change: IndexDatabase.Change) {
        unwrittenWeight += change.weight - (unwritten[change.row]?.weight ?? 0)
        unwritten[change.row] = change
    }

    /// Writes changes to the database, a few runs at a time, so that listings come in between.
    func writeDown() {
        while (try? locked(waits: false, { () throws(StoreError) in writeSomeDown() })) ?? false {}
    }

    /// - Returns: whether there may be more to write
    private func writeSomeDown() -> Bool {
        guard let database, !unwritten.isEmpty else { return false }
        do throws(IndexFailure) {
            try writeDown(Array(unwritten.keys.prefix(Self.batch)), to: database)
            return !isFull
        } catch {
            noteFailure(error)
            return false
        }
    }

    private func writeDown(_ rows: [Int], to database: IndexDatabase) throws(IndexFailure) {
        do throws(IndexFailure) {
            let made = try database.apply(rows.compactMap { unwritten[$0] })
            for row in rows {
                unwrittenWeight -= unwritten[row]?.weight ?? 0
                unwritten[row] = nil
            }
            for case .put(_, let entry) in made where entry.fault != nil { _ = self.rows.set(entry) }
            faults.set(self.rows.faults)
            isFull = false
        } catch {
            if error.isDamage { throw error }
            if !isFull { log.warning("the index cannot be written, and is kept in memory until it can: \(error)") }
            isFull = true
        }
    }

    /// The stored contents of the run at a row.
    func kept(_ row: Int) throws(IndexFailure) -> IndexEntry.Kept? {
        if case .put(_, let entry) = unwritten[row] { return entry.kept }
        return try database?.kept(row)
    }

    /// Reads a run; nil if there is none.
    /// - Throws: if the server is short of descriptors or memory
    private func read(_ run: RunID, _ change: TouchedRuns.Change) throws(FileFailure) -> IndexEntry? {
        let known = rows[run.description].flatMap { try? kept($0) }
        if change == .rows, let known {
            let directory = paths.run(run.description, known.place)
            if let entry = try? IndexEntry(rowsOf: run, in: directory, known: known, by: reader) { return entry }
        }
        guard let place = paths.locate(run.description) else { return nil }
        return try IndexEntry(
            found: run, place, in: paths.run(run.description, place), known: known, by: reader)
    }

    private func updateLoaded(_ changes: [IndexDatabase.Change]) {
        loaded.update(rows: rows.count) { name, column in Self.put(changes, into: &column, name) }
    }

    /// Applies changes to one column.
    static func put(_ changes: some Sequence<IndexDatabase.Change>, into column: inout RunColumn, _ name: String) {
        for change in changes {
            switch change {
            case .put(let row, let entry):
                column[row] = IndexDatabase.cell(entry.summary[name])
            case .remove(let row): column[row] = .missing
            }
        }
    }
}
