internal import CLinux
internal import Glibc
internal import JSON
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Synchronization
internal import Threads

extension DirectoryRunStore {
    /// Writes a run's `metrics.json` from its rows and publishes it, unless the rows were replaced meanwhile, or
    /// another program has written it.
    /// - Parameter isTaken: whether the folder was already taken from the lagging ones
    /// - Returns: false if another program is writing `metrics.json`: then it is retried later
    @discardableResult
    func refreshView(_ folder: String, isTaken: Bool = false) throws(StoreError) -> Bool {
        guard isOpen else { throw .diskFull("the start is not finished") }
        views.beginMaking(folder)
        defer { views.endMaking(folder) }
        if !isTaken { _ = views.take(folder) }
        let begun = monotonicNanoseconds()
        guard let place = paths.locate(folder) else { return true }
        let run = try storing { () throws(FileFailure) in try paths.open(folder, place) }
        let before = FileVersion(file: run.status(RunPath(.metricsFrame)))
        guard metricsFiles.holder(of: folder, in: run) == .rows else { return true }
        if let before, isBeingWritten(before, in: run, folder) {
            views.insert(folder)
            return false
        }
        let rows = try storing { () throws(FileFailure) in try run.openIfInReach(RunPath(.metricsRows)) }
        guard let descriptor = rows else { return true }
        defer { Glibc.close(descriptor) }
        let version = FileVersion(Files.status(of: descriptor))
        let file = try spooling { () throws(ScratchError) in try scratch.makeFile(isSynced: false) }
        // Afterwards the replaced file, or else this one, is at its path.
        defer { file.remove() }
        try writeFrame(of: descriptor, size: version.size) { bytes throws(StoreError) in
            var failure: StoreError?
            bytes.withUnsafeBytes { bytes in
                do throws(ScratchError) { try file.write(bytes) } catch { failure = StoreError(error) }
            }
            if let failure { throw failure }
        }
        try spooling { () throws(ScratchError) in
            try file.setModified(nanoseconds: MetricsFiles.timeOfView(of: version))
        }
        let outcome = Mutex<Result<Bool, FileFailure>>(.success(true))
        exclusively { committer in
            let result = Result { () throws(FileFailure) in
                try committer.publishView(folder, file, of: version, over: before)
            }
            outcome.withLock { $0 = result }
        }
        do throws(FileFailure) {
            let isPublished = try outcome.withLock { $0 }.get()
            views.wrote(folder, seconds: Double(monotonicNanoseconds() - begun) / 1e9)
            return isPublished
        } catch { throw StoreError(error) }
    }

    /// Whether another program seems to be writing a frame: it is not this process's, is truncated, and was changed
    /// recently.
    private func isBeingWritten(_ frame: FileVersion, in run: RunDirectory, _ folder: String) -> Bool {
        let earliest = max(writersSince, wallClock() - Settling.longestPause)
        if metricsFiles.view(of: folder) == frame || frame.modified < earliest { return false }
        guard let file = try? run.openIfInReach(RunPath(.metricsFrame)) else { return false }
        defer { Glibc.close(file) }
        guard case .whole? = try? Settling.withText(of: file, .metricsFrame, { _ in }) else { return true }
        return false
    }

    /// Reads rows and writes their frame, part by part.
    /// - Throws: `tooLarge` if rows or frame do not fit into memory
    func writeFrame(
        of descriptor: CInt, size: Int, _ write: ([UInt8]) throws(StoreError) -> Void
    ) throws(StoreError) {
        try WholeText.withBytes(descriptor, size: size, of: "metrics.ndjson") { text throws(StoreError) in
            let frame = MetricsFrame(rows: text)
            if frame.isCut { throw .tooLarge("the frame of metrics.ndjson is \(LimitExceeded(MetricsFrame.limit))") }
            var failure: StoreError?
            do { try frame.write { try write($0) } } catch { failure = error as? StoreError }
            if let failure { throw failure }
        }
    }
}

extension Committer {
    /// Publishes a fresh `metrics.json`. It is a view, so it needs no journal.
    /// - Parameters:
    ///   - rows: the rows it was made of
    ///   - before: the previous frame
    /// - Returns: false if another program has written the frame since; that stays
    func publishView(
        _ folder: String, _ file: StagingFile, of rows: FileVersion, over before: FileVersion?
    ) throws(FileFailure) -> Bool {
        guard let place = paths.locate(folder), let run = try? paths.open(folder, place) else { return true }
        // The rows were replaced: a whole frame was sent, which is already in metrics.json.
        guard let now = FileVersion(file: run.status(RunPath(.metricsRows))), now.inode == rows.inode else {
            return true
        }
        guard views.mayPublish(folder, rows: rows.inode, covered: rows.size) else { return true }
        // From the file, since the log may not be open.
        let lags = now.size > rows.size
        if lags { views.insert(folder) }
        let known = metricsFiles.view(of: folder)
        func isExpected(_ frame: FileVersion?) -> Bool { frame == before || (frame != nil && frame == known) }
        guard isExpected(FileVersion(file: run.status(RunPath(.metricsFrame)))) else {
            views.insert(folder)
            return false
        }
        // It is not synced before the next checkpoint: until then, the journal has to say that it may be incomplete.
        if !unsyncedViews.contains(folder), !journal.touched.hasView(of: folder) { try noteLagging([folder]) }
        let swapped = try run.swap(RunPath(.metricsFrame), for: file.path)
        switch swapped {
        case .exchanged:
            // A file that was written at this very moment is now where the view was staged.
            if !isExpected(FileVersion(file: Files.status(file.path))) {
                _ = try run.swap(RunPath(.metricsFrame), for: file.path)
                views.insert(folder)
                return false
            }
        case .made: file.published()
        case .setAside(let aside):
            file.published()
            if !isExpected(FileVersion(file: Files.status(aside))) {
                _ = try run.place(aside, at: RunPath(.metricsFrame))
                views.insert(folder)
                return false
            }
            unlink(aside)
        }
        unsyncedViews.insert(folder)
        views.published(folder, rows: rows.inode, covered: rows.size)
        logs.open(folder)?.viewLags = lags
        if let view = FileVersion(file: run.status(RunPath(.metricsFrame))) {
            metricsFiles.note(folder, view: view, of: rows)
            logs.note(view, of: folder)
        }
        return true
    }
}
