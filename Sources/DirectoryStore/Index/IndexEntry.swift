internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import SystemPackage

/// A run in the index.
struct IndexEntry: Sendable {
    let run: String
    let place: RunPlace
    let stamp: RunStamp
    /// The time of the last write, as in `RunSummary.updated(_:)`.
    let updated: Double
    let summary: RunSummary
    /// How far the rows were read; nil if there are none.
    let rows: RowsMark?
    /// What could not be read; nil if all was.
    let fault: String?

    /// Reads a run's directory.
    /// - Parameter known: its stored contents, so that rows are read on from there
    init(
        _ run: RunID, _ place: RunPlace, in directory: String, known: Kept? = nil, by reader: RunReader
    ) throws(FileFailure) {
        let found = try reader.read(run, in: directory, known: known?.rows)
        self.run = run.description
        self.place = place
        fault = found.fault
        if found.isTorn {
            // The previous contents stay until the file is complete; it is read again with the next check.
            stamp = .unknown
            (summary, rows) = known.map { ($0.summary, $0.rows) } ?? (found.summary, found.rows)
        } else {
            (stamp, summary, rows) = (found.stamp, found.summary, found.rows)
        }
        updated = summary.updated(found.updated)
    }

    /// The same for a run that any program may have made: unreadable parts are noted.
    /// - Returns: nil if the run no longer exists
    /// - Throws: if the server is short of descriptors or memory
    init?(
        found run: RunID, _ place: RunPlace, in directory: String, known: Kept? = nil, by reader: RunReader
    ) throws(FileFailure) {
        do throws(FileFailure) { try self.init(run, place, in: directory, known: known, by: reader) } catch {
            if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { return nil }
            if error.isShortage { throw error }
            self.init(run.description, place, fault: "\(error.call): \(error.errno)")
        }
    }

    /// A run of which only the existence is known.
    init(_ run: String, _ place: RunPlace, stamp: RunStamp = .unknown, updated: Double = 0, fault: String) {
        (self.run, self.place, self.stamp, self.updated, rows) = (run, place, stamp, updated, nil)
        summary = RunSummary(columns: ["run": .string(run)])
        self.fault = fault
    }

    /// The run without its columns, which the index rejects.
    func bare(because reason: String) -> IndexEntry {
        IndexEntry(run, place, stamp: stamp, updated: updated, fault: "the index rejects its columns: \(reason)")
    }

    /// Reads only the rows that were added to a run.
    /// - Parameters:
    ///   - directory: the run's directory at its previous place
    /// - Returns: nil if that does not suffice: more may have changed
    init?(rowsOf run: RunID, in directory: String, known: Kept, by reader: RunReader) throws(FileFailure) {
        guard var mark = known.rows else { return nil }
        let folder = try RunDirectory(directory).openData()
        // Another program may have written the frame since the last row.
        if RunStamp.Metrics(in: folder).isDoubtful { return nil }
        let read = try folder.withFile(DataPath.metricsRows.description) { (file, status) throws(FileFailure) in
            mark.read(file, status, by: reader)
            return status
        }
        guard let status = read?.result else { return nil }
        var summary = known.summary
        guard let digest = mark.tail.digest, summary.update(digest) else { return nil }
        self.run = run.description
        place = known.place
        // Not computed: the next check will find a difference, and read all of it.
        stamp = .unknown
        let time = status.st_mtim
        updated = max(known.updated, summary.updated(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9))
        self.summary = summary
        rows = mark
        fault = known.fault
    }

    /// The run's state according to its files: whether it has ended, and how.
    var state: RunState { RunState(summary) }

    /// When the run started, seconds since 1970; 0 if unknown.
    var start: Double { summary.start }

    /// Its stored contents.
    var kept: Kept { Kept(place: place, updated: updated, summary: summary, rows: rows, fault: fault) }

    /// About the memory of its columns, in units of one numeric column.
    var weight: Int { Self.weight(of: summary) }

    static func weight(of summary: RunSummary) -> Int {
        summary.columns.members.reduce(summary.extremes.count) { $0 + 1 + ($1.value.string?.utf8.count ?? 0) / 64 }
    }

    /// The stored contents of a run.
    struct Kept {
        let place: RunPlace
        let updated: Double
        let summary: RunSummary
        let rows: RowsMark?
        let fault: String?
    }
}
