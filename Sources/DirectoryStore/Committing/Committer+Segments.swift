internal import LocalFiles
internal import Logging
internal import RunMetadata

/// What goes into the journal, and the ends of its segments.
extension Committer {
    /// The journal's next segment begins; the one so far goes to be checkpointed. Views that lag are noted in the new
    /// one, since the records that say so go with the old: those will be written anew, so that the checkpoint need not
    /// sync them.
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

    /// Tells the journal that views may lag, or may not be whole on the disk.
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

    /// Syncs what a checkpoint missed, wherever it has gone: while this runs, nothing moves.
    /// - Parameters:
    ///   - missed: what was not where it was noted
    ///   - touched: all that the checkpoint is for
    ///   - later: what the frames of later segments touched, as far as the checkpoint has them
    func sync(missed: TouchedFiles, of touched: TouchedFiles, later: [TouchedFiles]) throws(FileFailure) {
        var moved = missed
        for file in touched.adopted(in: later + sealed.touched + [journal.touched]) { moved.insert(file) }
        try Checkpoint.sync(moved, paths)
    }

    /// Leaves no segment behind that holds nothing: the server stops.
    func removeEmptySegment() {
        if journal.failure == nil, start.isOver { journal.removeIfEmpty() }
    }
}
