internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A session's pending metadata, which its next run takes over.
extension Committer {
    /// Plans the move of everything that waits for the session into the run. If both have a file, the younger one is
    /// kept; their metrics are joined, unless the younger ones are a whole frame; artifacts are moved too.
    /// - Returns: the properties that were taken over
    func adopt(
        _ waiting: RunFolder, into folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) -> Set<PropertyName> {
        guard let theirs = try directory(of: waiting) else { return [] }
        let ours = try directory(of: folder)
        var adopted: Set<PropertyName> = []
        for (path, status) in try RunFiles.files(in: theirs) {
            if path == .metricsRows || path == .metricsFrame || path.isSent { continue }
            if path == .output {
                try adoptOutput(theirs, status, of: waiting.name, folder, plan)
                continue
            }
            guard replaces(status, path, of: ours) else { continue }
            try version(RunPath(path), folder)
            if path == .source || status.st_size > Self.journaled {
                // Too large to be journaled, so its inode number identifies it: it was published by renaming, or grows
                // in place. In the latter case, recovery writes what came while it waited to where it is now.
                plan.add(.adopt(path.description, from: waiting.name, inode: UInt64(status.st_ino)))
            } else if let bytes = try storing({ () throws(FileFailure) in try theirs.read(RunPath(path)) }) {
                plan.add(.put(path.description, bytes))
            }
            if let exact = path.sent {
                let sent = try storing { () throws(FileFailure) in try theirs.read(RunPath(exact)) }
                try putExact(sent, of: path, folder, plan)
            }
            if let property = path.property { adopted.insert(property) }
        }
        try adoptMetrics(theirs, ours, of: waiting.name, plan)
        try adoptArtifacts(waiting, into: folder, plan)
        let from = waiting.name
        plan.whenDone { committer in
            committer.waiting.forget(from)
            committer.pending.remove(from)
            committer.logs.forget(from)
            _ = committer.views.take(from)
        }
        return adopted
    }

    /// Output is appended to that of the run.
    private func adoptOutput(
        _ theirs: RunDirectory, _ status: stat, of waiting: String, _ folder: RunFolder, _ plan: WritePlan
    ) throws(StoreError) {
        try version(RunPath(.output), folder)
        let end = try end(of: .output, folder, plan)
        if end == 0, status.st_size > Self.journaled {
            return plan.add(.adopt(DataPath.output.description, from: waiting, inode: UInt64(status.st_ino)))
        }
        try expectRoom(toJoin: .output, status)
        guard let bytes = try storing({ () throws(FileFailure) in try theirs.read(RunPath(.output)) }) else { return }
        plan.add(.append(DataPath.output.description, offset: end, bytes))
    }

    /// Bytes of the largest waiting file that is journaled when a run takes it over.
    private static let journaled = 64 << 10

    /// Bytes of the largest waiting file that is appended to one of the run: it is read into the journal while other
    /// writes wait.
    private static let joined = 64 << 20

    private func expectRoom(toJoin path: DataPath, _ status: stat) throws(StoreError) {
        if status.st_size <= Self.joined { return }
        throw .unreadable(
            "the \(path) that waits for the session's next run is over \(Self.joined) bytes, too large to be appended to that of this run; "
                + "initialise a run that has none, or one in another session (Run-Session)")
    }

    /// If the run has no metrics of its own, the file itself is moved, at a cost that does not grow with the rows.
    private func adoptMetrics(
        _ theirs: RunDirectory, _ ours: RunDirectory?, of waiting: String, _ plan: WritePlan
    ) throws(StoreError) {
        let rowsPath = DataPath.metricsRows
        if let status = theirs.status(RunPath(rowsPath)), status.st_mode & S_IFMT == S_IFREG {
            let holder = ours.map { metricsFiles.holder(of: plan.folder, in: $0) }
            let there = holder == .rows ? ours?.status(RunPath(rowsPath)) : nil
            let hasFrame = holder == .frame
            if there == nil, !hasFrame, status.st_size > Self.journaled {
                plan.add(.adopt(rowsPath.description, from: waiting, inode: UInt64(status.st_ino)))
                return
            }
            try expectRoom(toJoin: rowsPath, status)
            let rows = try storing { () throws(FileFailure) in try theirs.read(RunPath(rowsPath)) } ?? []
            if let there {
                plan.add(.append(rowsPath.description, offset: Int(there.st_size), rows))
            } else {
                let earlier = try ours.map { ours throws(StoreError) in hasFrame ? try rowsOfFrame(ours) : [] } ?? []
                plan.add(.put(rowsPath.description, earlier + rows))
            }
            return
        }
        let frame = DataPath.metricsFrame
        // A frame beside rows is a view of them, so the rows' time counts.
        let hasRows = ours?.status(RunPath(rowsPath)) != nil
        guard let status = theirs.status(RunPath(frame)),
            replaces(status, hasRows ? rowsPath : frame, of: ours),
            let text = try storing({ () throws(FileFailure) in try theirs.read(RunPath(frame)) })
        else { return }
        replaceMetrics(by: text, plan)
    }

    /// Whether a waiting file is no older than the file at a path of a run, or there is none. The file system's clock
    /// advances in steps of some milliseconds; if both files have the same time, the session's counts, as for
    /// artifacts.
    private func replaces(_ status: stat, _ path: DataPath, of run: RunDirectory?) -> Bool {
        guard let there = run?.status(RunPath(path)) else { return true }
        return !isBefore(status.st_mtim, there.st_mtim)
    }
}

private func isBefore(_ one: timespec, _ other: timespec) -> Bool {
    (one.tv_sec, one.tv_nsec) < (other.tv_sec, other.tv_nsec)
}
