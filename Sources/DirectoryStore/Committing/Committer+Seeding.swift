internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The rows of a run whose frame is authoritative: it had no rows, or another program has written the frame since.
extension Committer {
    /// Plans the first rows after a frame: the frame's rows come first. Older rows are kept apart.
    /// - Returns: whether all rows before the new ones are the frame's
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

    /// When a run ends, plans that its rows become those of its frame, if another program has written the frame since
    /// the last of them. The frame stays as it is.
    func takeUpFrame(_ folder: RunFolder, _ plan: WritePlan) throws(StoreError) {
        guard let directory = try directory(of: folder), directory.status(RunPath(.metricsRows)) != nil,
            metricsFiles.holder(of: folder.name, in: directory) == .frame,
            let frame = FileVersion(file: directory.status(RunPath(.metricsFrame))), let place = folder.place
        else { return }
        let name = folder.name
        guard try seed(plan, place, MetricsRows()) else { return }
        plan.whenDone { committer in committer.adopt(frame, asViewOf: name, place) }
    }

    /// Marks a frame as a view of the rows that were made from it.
    private func adopt(_ frame: FileVersion, asViewOf folder: String, _ place: RunPlace) {
        _ = views.take(folder)
        guard let run = try? paths.open(folder, place), let rows = try? run.openExisting(RunPath(.metricsRows)) else {
            return
        }
        defer { close(rows) }
        // Sets the time that the rows of such a view would have, so that it is recognised as one from now on.
        let time = frame.time + 1
        let modified = timespec(tv_sec: time / 1_000_000_000, tv_nsec: time % 1_000_000_000)
        futimens(rows, [modified, modified])
        metricsFiles.note(folder, view: frame, of: FileVersion(Files.status(of: rows)))
    }

    /// How far back from the end of the log to search for rows newer than the frame, in bytes.
    private static let lookedThrough = 64 << 10

    /// The last rows that arrived after the frame was written, before the server noticed it.
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
