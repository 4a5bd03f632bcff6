internal import LocalFiles
internal import Logging
internal import RunMetadata

/// Writing frames to the journal, and sealing its segments.
extension Committer {
    /// Begins the journal's next segment; the previous one will be checkpointed. Lagging views are noted in the new
    /// segment, since the records that say so are dropped with the old one. These views will be written again, so the
    /// checkpoint need not sync them.
    func sealSegment() {
        guard journal.failure == nil, journal.segmentLength > 0, ownership.fault() == nil else { return }
        var segment: Journal.Sealed
        do throws(FileFailure) {
            segment = try spares.lending { () throws(FileFailure) in try journal.seal() }
        } catch {
            if error.isSync { return fail(error) }
            return log.error("the journal's segment stays in use: \(error)")
        }
        watchSegment()
        var noted = Set(views.folders)
        do throws(FileFailure) { try noteLagging(Array(noted)) } catch {
            noted = []
            if !error.isSync { log.warning("the journal has no room to say which views lag: \(error)") }
        }
        for folder in unsyncedViews.subtracting(noted) {
            segment.touched.insert(folder, DataPath.metricsFrame.description)
        }
        unsyncedViews.formIntersection(noted)
        sealed.append(segment)
    }

    /// Records in the journal that views may lag, or may be incomplete on the disk.
    func noteLagging(_ folders: [String]) throws(FileFailure) {
        guard !folders.isEmpty else { return }
        JournalFrame.begin(&note)
        note.append(UInt32(folders.count))
        for folder in folders { RedoRecord(folder, .viewLags).encode(into: &note) }
        JournalFrame.end(&note, sequence: journal.nextSequence, writes: 1)
        try append(&note)
    }

    /// Writes and syncs a frame.
    func append(_ frame: inout JournalBuffer) throws(FileFailure) {
        do throws(FileFailure) { try journal.append(frame.bytes) } catch {
            if journal.failure != nil { fail(error) }
            throw error
        }
    }

    /// Syncs files that a checkpoint missed, wherever they are now: while this runs, nothing moves.
    /// - Parameters:
    ///   - missed: files that were not where they had been noted
    ///   - touched: all files of the checkpoint
    ///   - later: the files touched by later segments, as far as the checkpoint has them
    func sync(missed: TouchedFiles, of touched: TouchedFiles, later: [TouchedFiles]) throws(FileFailure) {
        var moved = missed
        for file in touched.adopted(in: later + sealed.touched + [journal.touched]) { moved.insert(file) }
        try Checkpoint.sync(moved, paths)
    }

    /// Removes the current segment if it is empty; the server is stopping.
    func removeEmptySegment() {
        if journal.failure == nil, start.isOver { journal.removeIfEmpty() }
    }
}
