internal import CLinux
internal import Glibc
internal import JSON
internal import Limits
internal import RunMetadata
internal import Synchronization
internal import Threads

extension DirectoryRunStore {
    /// Writes a run's `metrics.json` from its rows and puts it in place, unless the rows were replaced meanwhile.
    /// - Parameter isTaken: whether the folder has been taken from the lagging ones already
    func refreshView(_ folder: String, isTaken: Bool = false) throws(StoreError) {
        guard isOpen else { throw .diskFull("the start is not finished") }
        if !isTaken { _ = views.take(folder) }
        views.beginMaking(folder)
        defer { views.endMaking(folder) }
        let begun = monotonicNanoseconds()
        guard let place = paths.locate(folder) else { return }
        let rows = try storing { () throws(FileFailure) in
            try paths.open(folder, place).openIfInReach(RunPath(.metricsRows))
        }
        guard let descriptor = rows else { return }
        defer { Glibc.close(descriptor) }
        let status = Files.status(of: descriptor)
        let file = try makeStagingFile(isSynced: false)
        // What it takes the place of, or else itself, is at its path afterwards.
        defer { file.remove() }
        try writeFrame(of: descriptor, size: Int(status.st_size)) { bytes throws(StoreError) in
            var failure: StoreError?
            bytes.withUnsafeBytes { bytes in
                do throws(StoreError) { try file.write(bytes) } catch { failure = error }
            }
            if let failure { throw failure }
        }
        let inode = status.st_ino
        let covered = Int(status.st_size)
        let outcome = Mutex<FileFailure?>(nil)
        exclusively { committer in
            committer.publishView(folder, file, rowsInode: inode, covered: covered) { failure in
                outcome.withLock { $0 = failure }
            }
        }
        if let failure = outcome.withLock({ $0 }) { throw StoreError(failure) }
        views.wrote(folder, seconds: Double(monotonicNanoseconds() - begun) / 1e9)
    }

    /// Reads rows and writes their frame, part by part.
    /// - Throws: `tooLarge` where rows or frame are more than can be held
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
    /// Puts a fresh `metrics.json` in place. It is a view, so it needs no journal.
    func publishView(
        _ folder: String, _ file: StagingFile, rowsInode: ino_t, covered: Int, _ done: (FileFailure?) -> Void
    ) {
        guard let place = paths.locate(folder), let run = try? paths.open(folder, place) else { return }
        // Other rows than those it was made of: a whole frame came, which is in metrics.json already.
        guard let rows = run.status(RunPath(.metricsRows)), rows.st_ino == rowsInode else { return }
        guard views.mayPublish(folder, rows: UInt64(rowsInode), covered: covered) else { return done(nil) }
        // By the file, since no log may be open; and before the view is there, which looks younger than the rows it lacks.
        let lags = Int(rows.st_size) > covered
        if lags { views.insert(folder) }
        do throws(FileFailure) {
            // It is not synced before the next checkpoint: until then, the journal has to say that it may not be whole.
            if !unsyncedViews.contains(folder), !journal.touched.hasView(of: folder) { try noteLagging([folder]) }
            switch try run.swap(RunPath(.metricsFrame), for: file.path) {
            case .exchanged: break
            case .made: file.published()
            case .setAside(let before):
                file.published()
                unlink(before)
            }
            unsyncedViews.insert(folder)
            views.published(folder, rows: UInt64(rowsInode), covered: covered)
            logs.open(folder)?.viewLags = lags
            done(nil)
        } catch {
            done(error)
        }
    }
}
