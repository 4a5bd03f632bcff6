internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// The open `metrics.ndjson` files, so that a row costs one write to an open file, whatever the length of its run.
///
/// Used only by the committer.
final class MetricsLogs {
    /// The result of a lookup for planning rows.
    enum Lookup {
        case log(Log)
        /// `metrics.json` is authoritative: there are no rows, or it is newer. Its rows have to be written first.
        case needsSeed(RunPlace)
        /// The run exists, without metrics.
        case none(RunPlace)
        /// There is no such run.
        case noRun

        /// Whether there is a run, and it has been initialised.
        var isOfRun: Bool {
            switch self {
            case .log(let log): log.place != .pending
            case .needsSeed(let place), .none(let place): place != .pending
            case .noRun: false
            }
        }
    }

    /// Nanoseconds for which a found run is assumed to stay where it is; within them, only a removed log is noticed.
    private static let locationLifetime: UInt64 = 250_000_000
    /// The most open logs; beyond, the less recently used half is closed. A quarter of the process's open files
    /// (getrlimit(2)), 8 to 4096.
    private let capacity: Int

    /// The file's path in the data directory.
    static let file = DataPath.metricsRows.description
    private static let path = RunPath(.metricsRows)

    private let paths: RunPaths
    private let files: MetricsFiles
    let watch: NameWatch?
    private var logs: [String: Log] = [:]
    /// Logs with journaled rows of this batch.
    private var written: [Log] = []
    private var batch = 0
    /// Whether the watch was read in this batch, and when, nanoseconds on the monotonic clock.
    private var hasLooked = false
    private var lookedAt: UInt64 = 0
    /// Why some rows are neither fully written nor undone; nil if none are.
    private(set) var halfDone: FileFailure?

    /// - Parameter watch: tells which files were removed; nil: each file is checked in each batch
    init(
        paths: RunPaths, files: MetricsFiles = MetricsFiles(), capacity: Int? = nil, watch: NameWatch? = NameWatch()
    ) {
        (self.paths, self.files) = (paths, files)
        self.watch = watch
        self.capacity = capacity ?? min(max(Files.mostOpen / 4, 8), 4096)
    }

    /// Begins a batch: earlier findings have to be checked again.
    func beginBatch() {
        batch += 1
        hasLooked = false
        guard logs.count > capacity else { return }
        let uses = logs.values.map(\.checkedInBatch).sorted()
        logs = logs.filter { $0.value.checkedInBatch > uses[uses.count / 2] }
    }

    /// Finds a folder's log.
    func look(up folder: String) throws(FileFailure) -> Lookup {
        if !hasLooked {
            hasLooked = true
            lookedAt = monotonicNanoseconds()
            watch?.look()
        }
        if let log = logs[folder] {
            if log.checkedInBatch == batch || isCurrent(log) {
                log.checkedInBatch = batch
                return .log(log)
            }
            logs[folder] = nil
        }
        guard let place = paths.locate(folder) else { return .noRun }
        let run = try paths.open(folder, place)
        // Read first: if another program writes it meanwhile, its version differs.
        let frame = Self.frame(in: paths.data(folder, place))
        switch files.holder(of: folder, in: run) {
        case .frame: return .needsSeed(place)
        case .nothing: return .none(place)
        case .rows: break
        }
        guard let descriptor = try run.openExisting(Self.path) else { return .none(place) }
        let log = add(folder, place, descriptor, size: try Self.wholeLines(descriptor, folder))
        log.frame = frame
        return .log(log)
    }

    /// The version of the frame in a data directory, by one system call (lstat(2)); nil if there is none.
    static func frame(in data: String) -> FileVersion? {
        var status = stat()
        return lstat("\(data)/\(DataPath.metricsFrame)", &status) == 0 ? FileVersion(file: status) : nil
    }

    /// Notes the new view beside a folder's rows.
    func note(_ frame: FileVersion, of folder: String) { logs[folder]?.frame = frame }

    /// Makes the log of a run that has none yet; its file is made when the first rows are written.
    func make(_ folder: String, _ place: RunPlace) -> Log {
        let log = add(folder, place, -1, size: 0)
        log.columns = MetricsColumnNames()
        return log
    }

    /// Notes rows that have been journaled.
    func add(_ rows: [UInt8], to log: Log) {
        if log.planned.isEmpty {
            written.append(log)
            log.planned = rows
        } else {
            log.planned += rows
        }
    }

    /// Writes the rows of this batch, those of one run in one call.
    /// - Returns: the folders whose rows could not be written; they are unchanged
    func flush(_ spares: SpareDescriptors = SpareDescriptors(count: 0)) -> [String: FileFailure] {
        var failures: [String: FileFailure] = [:]
        for log in written {
            do throws(FileFailure) {
                if log.descriptor < 0 { try spares.lending { () throws(FileFailure) in try make(log) } }
                try Files.write(log.planned, to: log.descriptor, at: log.plannedAt, path: "\(log.folder)/\(Self.file)")
                log.plannedAt += log.planned.count
            } catch {
                if log.descriptor >= 0 { cut(log, spares) }
                failures[log.folder] = error
                logs[log.folder] = nil
            }
            log.planned = []
        }
        written.removeAll(keepingCapacity: true)
        return failures
    }

    /// Makes a log's file.
    private func make(_ log: Log) throws(FileFailure) {
        log.open(try paths.open(log.folder, log.place).openForWriting(Self.path))
    }

    /// Undoes partly written rows.
    private func cut(_ log: Log, _ spares: SpareDescriptors) {
        do throws(FileFailure) {
            // Before the first rows there was no file.
            if log.plannedAt == 0 {
                return try spares.lending { () throws(FileFailure) in
                    try paths.open(log.folder, log.place).remove(Self.path)
                }
            }
            if ftruncate(log.descriptor, off_t(log.plannedAt)) != 0 { throw FileFailure("ftruncate", log.folder) }
        } catch { halfDone = halfDone ?? error }
    }

    /// The open log of a folder.
    func open(_ folder: String) -> Log? { logs[folder] }

    /// Forgets a log: the run moves, its rows are replaced, or planned rows were not written.
    func forget(_ folder: String) { logs[folder] = nil }

    /// Forgets the columns of all logs but one.
    func forgetColumns(but kept: Log) {
        for log in logs.values where log !== kept { log.forgetColumns() }
    }

    /// Closes all logs. To be called between batches.
    func forgetAll() { logs.removeAll() }

    private func add(_ folder: String, _ place: RunPlace, _ descriptor: CInt, size: Int) -> Log {
        let log = Log(folder: folder, place: place, size: size, data: paths.data(folder, place), watch: watch)
        if descriptor >= 0 { log.open(descriptor) }
        log.checkedInBatch = batch
        logs[folder] = log
        return log
    }

    private func isCurrent(_ log: Log) -> Bool {
        guard log.isAsItWas else { return false }
        if lookedAt > log.locatedAt + Self.locationLifetime {
            guard paths.locate(log.folder) == log.place, let run = try? paths.open(log.folder, log.place),
                let found = try? run.ownStatus(Self.path.bytes),
                found.st_ino == Files.status(of: log.descriptor).st_ino
            else { return false }
            log.locatedAt = lookedAt
        }
        return true
    }
}
