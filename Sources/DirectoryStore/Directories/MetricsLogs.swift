internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// The open `metrics.ndjson` files: a row costs one write to an open file, whatever the length of its run.
///
/// Used by the one that commits only.
final class MetricsLogs {
    /// One run's rows.
    final class Log {
        let folder: String
        let place: RunPlace
        fileprivate private(set) var descriptor: CInt = -1
        private let watch: NameWatch?
        private var mark: NameWatch.Mark?
        /// Where the next row goes: the file's length once all that was planned is written.
        private(set) var end: Int
        /// Rows planned in this batch and not written yet.
        fileprivate var planned: [[UInt8]] = []
        fileprivate var plannedAt: Int
        fileprivate var checkedInBatch = 0
        fileprivate var locatedAt: UInt64
        /// Whether the run's view is known to lag, so that it need not be said again.
        var viewLags = false
        /// The journal segment in which the file was last noted as touched; 0 before.
        var touchedIn: UInt64 = 0
        /// The index's round in which the run was last noted for it.
        var notedIn: UInt64 = 0
        /// The frame beside the rows as it is known; nil where there is none.
        var frame: FileVersion?
        private let data: String

        fileprivate init(folder: String, place: RunPlace, size: Int, data: String, watch: NameWatch?) {
            (self.folder, self.place, end, self.data, self.watch) = (folder, place, size, data, watch)
            plannedAt = size
            locatedAt = monotonicNanoseconds()
        }

        deinit {
            if let mark { watch?.remove(mark) }
            if descriptor >= 0 { close(descriptor) }
        }

        fileprivate func open(_ descriptor: CInt) {
            self.descriptor = descriptor
            mark = watch?.add(namesIn: data)
        }

        /// Whether the file has a name and the length that it should have, and the frame beside it is the one that was there:
        /// something else may have removed or written either, and then both have to be looked at anew.
        fileprivate var isAsItWas: Bool {
            guard descriptor >= 0 else { return false }
            if let mark, !mark.isSuspect { return clinux_size(descriptor) == Int64(end) }
            guard clinux_named_size(descriptor) == Int64(end), MetricsLogs.frame(in: data) == frame else {
                return false
            }
            mark?.isSuspect = false
            return true
        }

        /// Nothing comes of an append that was planned last.
        func unplan(_ rows: [UInt8]) { end -= rows.count }

        /// Plans an append and returns its offset.
        func plan(_ rows: [UInt8]) -> Int {
            defer { end += rows.count }
            return end
        }
    }

    /// What planning rows came to.
    enum Lookup {
        case log(Log)
        /// `metrics.json` is the truth, without rows or newer than they are: its own rows have to come first.
        case needsSeed(RunPlace)
        /// The run is there, without metrics.
        case none(RunPlace)
        /// There is no such run.
        case noRun
    }

    /// How long a run that was found is taken to be where it was found; within it, only a log that was removed is noticed.
    private static let locationLifetime: UInt64 = 250_000_000
    /// Open logs; beyond, the half that was used less lately is closed. A quarter of the files that the process may have
    /// open (getrlimit(2)), 8 to 4096.
    private let capacity: Int

    /// The file's path in the data directory.
    static let file = DataPath.metricsRows.description
    private static let path = RunPath(.metricsRows)

    private let paths: RunPaths
    private let files: MetricsFiles
    let watch: NameWatch?
    private var logs: [String: Log] = [:]
    /// Those with rows of this batch that have been journaled.
    private var written: [Log] = []
    private var batch = 0
    /// Whether the watch has been asked in this batch, and when that was, nanoseconds on the monotonic clock.
    private var hasLooked = false
    private(set) var lookedAt: UInt64 = 0
    /// Why rows are neither written nor taken back, where some are.
    private(set) var halfDone: FileFailure?

    /// - Parameter watch: tells which files were removed; where there is none, each is looked at in each batch
    init(
        paths: RunPaths, files: MetricsFiles = MetricsFiles(), capacity: Int? = nil, watch: NameWatch? = NameWatch()
    ) {
        (self.paths, self.files) = (paths, files)
        self.watch = watch
        self.capacity = capacity ?? min(max(Files.mostOpen / 4, 8), 4096)
    }

    /// A new batch begins: what was found before has to be looked at again.
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
        // Before it is judged: one that something else writes meanwhile is seen to be another.
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

    /// The version of the frame in a data directory, by one system call (lstat(2)); nil where there is none.
    private static func frame(in data: String) -> FileVersion? {
        var status = stat()
        return lstat("\(data)/\(DataPath.metricsFrame)", &status) == 0 ? FileVersion(file: status) : nil
    }

    /// The view beside a folder's rows is this one from now on.
    func note(_ frame: FileVersion, of folder: String) { logs[folder]?.frame = frame }

    /// The log of a run that has none yet; its file is made when the first rows are written.
    func make(_ folder: String, _ place: RunPlace) -> Log {
        add(folder, place, -1, size: 0)
    }

    /// Notes rows that have been journaled.
    func add(_ rows: [UInt8], to log: Log) {
        if log.planned.isEmpty { written.append(log) }
        log.planned.append(rows)
    }

    /// Writes the rows of this batch: what came for one run, in one call.
    /// - Returns: the folders whose rows could not be written; those are as before
    func flush(_ spares: SpareDescriptors = SpareDescriptors(count: 0)) -> [String: FileFailure] {
        var failures: [String: FileFailure] = [:]
        for log in written {
            do throws(FileFailure) {
                if log.descriptor < 0 { try spares.lending { () throws(FileFailure) in try make(log) } }
                try write(log)
            } catch {
                if log.descriptor >= 0 { cut(log, spares) }
                failures[log.folder] = error
                logs[log.folder] = nil
            }
            log.planned.removeAll(keepingCapacity: true)
        }
        written.removeAll(keepingCapacity: true)
        return failures
    }

    /// Makes a log's file.
    private func make(_ log: Log) throws(FileFailure) {
        log.open(try paths.open(log.folder, log.place).openForWriting(Self.path))
    }

    private func write(_ log: Log) throws(FileFailure) {
        if log.planned.count == 1 {
            try write(log.planned[0], log)
        } else {
            var rows: [UInt8] = []
            rows.reserveCapacity(log.end - log.plannedAt)
            for planned in log.planned { rows += planned }
            try write(rows, log)
        }
    }

    private func write(_ rows: [UInt8], _ log: Log) throws(FileFailure) {
        try Files.write(rows, to: log.descriptor, at: log.plannedAt, path: "\(log.folder)/\(Self.file)")
        log.plannedAt += rows.count
    }

    /// Takes back what may have been written of rows.
    private func cut(_ log: Log, _ spares: SpareDescriptors) {
        do throws(FileFailure) {
            // Without rows there was no file.
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

    /// Forgets a log: the run moves, or its rows are replaced, or what was planned did not come to pass.
    func forget(_ folder: String) { logs[folder] = nil }

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

    /// The length of a file's whole lines. What stands behind the last newline was left by something else; it is cut off,
    /// or the next row would be joined to it.
    private static func wholeLines(_ descriptor: CInt, _ path: String) throws(FileFailure) -> Int {
        let size = Int(Files.status(of: descriptor).st_size)
        var last: UInt8 = 0
        if size == 0 || (pread(descriptor, &last, 1, off_t(size - 1)) == 1 && last == UInt8(ascii: "\n")) {
            return size
        }
        // From the end: what is there may be long.
        let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { part.deallocate() }
        var end = size
        while end > 0 {
            let start = max(0, end - part.count)
            let buffer = UnsafeMutableRawBufferPointer(rebasing: part[..<(end - start)])
            let count = try Files.read(descriptor, into: buffer, at: start, path: path)
            if let newline = buffer[..<count].lastIndex(of: UInt8(ascii: "\n")) {
                end = start + newline + 1
                break
            }
            end = start
        }
        ftruncate(descriptor, off_t(end))
        return end
    }
}
