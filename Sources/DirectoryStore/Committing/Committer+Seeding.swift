internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The rows of a run whose frame is the truth: there were none before, or something else has written it since.
extension Committer {
    /// Plans the first rows behind a frame: what that holds becomes the rows before. Rows that are older than it are
    /// kept.
    /// - Returns: whether all rows but those that come now are the frame's
    @discardableResult
    func seed(_ plan: WritePlan, _ place: RunPlace, _ rows: MetricsRows) throws(StoreError) -> Bool {
        let directory = try storing { () throws(FileFailure) in try paths.open(plan.folder, place) }
        let earlier = try rowsOfFrame(directory)
        plan.goesAlone = true
        if place == .pending { plan.outcome = WriteOutcome(effect: .pending, run: plan.outcome.run) }
        let folder = RunFolder(name: plan.folder, place: place, run: plan.outcome.run)
        var later: [UInt8] = []
        if directory.status(RunPath(.metricsRows)) != nil {
            later = try rowsBehindFrame(directory)
            try keepEarlierRows(directory, isFrame: false, folder, plan)
        }
        try checkColumns(of: rows, behind: earlier + later)
        plan.add(.put(DataPath.metricsRows.description, earlier + later + rows.bytes))
        let name = plan.folder
        plan.whenDone { committer in
            committer.logs.forget(name)
            committer.metricsFiles.forget(name)
        }
        return later.isEmpty
    }

    /// Plans that the rows of a run that ends are those of its frame, where something else has written that since the
    /// last of them. The frame stays as it is.
    func takeUpFrame(_ folder: RunFolder, _ plan: WritePlan) throws(StoreError) {
        guard let directory = try directory(of: folder), directory.status(RunPath(.metricsRows)) != nil,
            metricsFiles.holder(of: folder.name, in: directory) == .frame,
            let frame = FileVersion(file: directory.status(RunPath(.metricsFrame))), let place = folder.place
        else { return }
        let name = folder.name
        guard try seed(plan, place, MetricsRows()) else { return }
        plan.whenDone { committer in committer.adopt(frame, asViewOf: name, place) }
    }

    /// A frame is a view of the rows that were made of it.
    private func adopt(_ frame: FileVersion, asViewOf folder: String, _ place: RunPlace) {
        _ = views.take(folder)
        guard let run = try? paths.open(folder, place), let rows = try? run.openExisting(RunPath(.metricsRows)) else {
            return
        }
        defer { close(rows) }
        // As if it had been made of them, so that it is known as their view from now on.
        let time = frame.time + 1
        let modified = timespec(tv_sec: time / 1_000_000_000, tv_nsec: time % 1_000_000_000)
        futimens(rows, [modified, modified])
        metricsFiles.note(folder, view: frame, of: FileVersion(Files.status(of: rows)))
    }

    /// Bytes at the end of the rows in which those are looked for that came when the frame had just been written.
    private static let lookedThrough = 64 << 10

    /// The last rows that arrived after the frame was written: it was not seen yet.
    private func rowsBehindFrame(_ directory: RunDirectory) throws(StoreError) -> [UInt8] {
        guard let frame = FileVersion(file: directory.status(RunPath(.metricsFrame))),
            let rows = try storing({ () throws(FileFailure) in try directory.openFile(RunPath(.metricsRows)) })
        else { return [] }
        let stored = StoredRows(descriptor: rows)
        let end = try stored.read(max(0, stored.size - Self.lookedThrough)..<stored.size)
        var later: [UInt8] = []
        for line in end.split(separator: UInt8(ascii: "\n")) {
            guard let time = MetricsRow(line: line)?.time, time > frame.modified else { continue }
            later += line + [UInt8(ascii: "\n")]
        }
        return later
    }
}
