internal import CLinux
internal import Glibc
internal import JSON
internal import LocalFiles
package import RunMetadata
package import RunStore

/// Reading the summary of one run.
extension DirectoryRunStore {
    package func snapshot(of run: RunID) throws(StoreError) -> RunSnapshot? {
        guard let (place, directory) = try directory(of: run) else { return nil }
        return try snapshot(run, place, directory)
    }

    private func snapshot(
        _ run: RunID, _ place: RunPlace, _ directory: RunDirectory
    ) throws(StoreError) -> RunSnapshot {
        // A single file that is out of reach counts as missing; if all are, nothing is known of the run.
        _ = try storing { () throws(FileFailure) in try directory.open(RunPath.data.bytes) }
        let summary = try summary(of: run, directory)
        let updated = summary.updated(RunFiles.updated(directory))
        let status: RunStatus =
            switch place {
            case _ where isBehind(run): .behind
            case .pending: .pending
            case .archived: .archived
            case .initialised:
                summary.status(updated: updated, now: settings.clock(), staleAfter: settings.rules.staleAfter)
            }
        return RunSnapshot(
            run: run, status: status, updated: updated, summary: summary,
            files: try RunFiles.files(in: directory).map(\.path))
    }

    /// The run's row. If one of its files is being written, the previous row.
    private func summary(of run: RunID, _ directory: RunDirectory) throws(StoreError) -> RunSummary {
        let documents = try RunDocuments(in: directory)
        if documents.isTorn, let known = index.summary(of: run.description) { return known }
        do throws(StoreError) { return documents.summary(of: run, try digest(of: run, directory)) } catch {
            guard case .beingWritten = error else { throw error }
            return index.summary(of: run.description) ?? documents.summary(of: run, nil)
        }
    }

    /// The digest of a run's metrics; rows are read on from where the last reading ended.
    private func digest(of run: RunID, _ directory: RunDirectory) throws(StoreError) -> MetricsDigest? {
        let folder = run.description
        let holder = metricsFiles.holder(of: folder, in: directory)
        let rows = try storing { () throws(FileFailure) in
            holder == .rows ? try directory.openIfInReach(RunPath(.metricsRows)) : nil
        }
        if let rows {
            defer { Glibc.close(rows) }
            var mark = knownRows.mark(of: folder) ?? index.mark(of: folder) ?? RowsMark()
            mark.read(rows, Files.status(of: rows), by: RunReader())
            knownRows.keep(mark, of: folder)
            return mark.tail.digest
        }
        guard let status = directory.status(RunPath(.metricsFrame)) else { return nil }
        let version = FileVersion(status)
        if let known = knownRows.digest(of: folder, version) { return known }
        let digest = try RunDocuments.digestOfFrame(in: directory)
        knownRows.keep(digest, of: folder, version)
        return digest
    }
}
