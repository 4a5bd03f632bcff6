internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore
internal import Threads

/// The files of a run's data directory. Those that lead out of the run, may not be read, or are too large for it, count
/// as missing.
enum RunFiles {
    /// A property ends with a newline. If one does not, and was changed within this many seconds, it may still be being
    /// written. For all properties of a run together, there are at most `mostPauses` pauses of 10 ms.
    private static let youth = 1.0
    private static let mostPauses = 5
    /// The same for empty ones: a program that rewrites a file empties it first, and a busy machine may keep it
    /// waiting.
    private static let mostPausesOfEmpty = 100

    /// All properties: names in order, texts. Names that are not UTF-8 are skipped, and so are long console output
    /// and what is beyond `RunDirectory.largestWhole` in all.
    /// - Parameter waits: whether to wait for one that is being written; false on a thread that must not wait
    static func properties(in run: RunDirectory, waits: Bool = false) throws(FileFailure) -> [(String, String)] {
        var found: [(String, String)] = []
        var (pauses, pausesOfEmpty) = waits ? (mostPauses, mostPausesOfEmpty) : (0, 0)
        var left = RunDirectory.largestWhole
        for text in try propertyNames(in: run) {
            guard let path = DataPath("\(DataPath.properties)/\(text)") else { continue }
            if path == .output, let size = run.status(RunPath(path))?.st_size,
                ConsoleOutput.isTooLong(text, size: Int(size))
            {
                continue
            }
            guard var bytes = try run.readIfInReach(RunPath(path), atMost: left) else { continue }
            if bytes.isEmpty, path.property?.keepsPlace ?? false { continue }
            while bytes.isEmpty ? pausesOfEmpty > 0 : pauses > 0, bytes.last != UInt8(ascii: "\n"),
                let status = run.status(RunPath(path)), wallClock() - FileVersion(status).modified < youth
            {
                if bytes.isEmpty { pausesOfEmpty -= 1 } else { pauses -= 1 }
                usleep(10_000)
                bytes = try run.readIfInReach(RunPath(path), atMost: left) ?? bytes
            }
            left -= bytes.count
            found.append((text, PropertyText.read(bytes, of: path.property)))
        }
        return found.sorted { $0.0 < $1.0 }
    }

    /// The names of all properties.
    static func propertyNames(in run: RunDirectory) throws(FileFailure) -> [String] {
        do throws(FileFailure) {
            guard case .folder(let folder) = try run.open(RunPath.properties.bytes) else { return [] }
            return try folder.names().compactMap { String(validating: $0, as: UTF8.self) }
        } catch {
            if error.isOutOfReach { return [] }
            throw error
        }
    }

    /// The paths of all files below a folder of the data directory, with their status.
    static func files(
        in run: RunDirectory, below folder: DataPath? = nil
    ) throws(StoreError) -> [(path: DataPath, status: stat)] {
        let start = folder.map { RunPath($0) } ?? .data
        return try run.items(below: start.bytes, linkedFiles: true).compactMap { item in
            guard !item.isFolder, let text = String(validating: item.path, as: UTF8.self),
                let path = DataPath(String(text.utf8.dropFirst(RunLayout.dataDirectory.utf8.count + 1)) ?? "")
            else { return nil }
            return (path, item.status)
        }.sorted { $0.path.description < $1.path.description }
    }

    /// The time of the last write, seconds since 1970: the latest time of the data directory, the properties, the
    /// console output and the metrics, which R writes in place. (Other files are replaced when they are written, which
    /// changes their directory's time.)
    static func updated(_ run: RunDirectory) -> Double {
        var youngest = 0.0
        for path in [RunPath.data, .properties, RunPath(.output), RunPath(.metricsRows), RunPath(.metricsFrame)] {
            guard let status = run.status(path) else { continue }
            youngest = max(youngest, Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
        }
        return youngest
    }

    /// Whether nothing was written to a run since a time, seconds since 1970, artifacts too. What cannot be read counts
    /// as written.
    static func isUnchanged(_ run: RunDirectory, since time: Double) -> Bool {
        guard updated(run) <= time, let items = try? run.items(linkedFiles: false) else { return false }
        return items.allSatisfy { FileVersion($0.status).modified <= time }
    }
}
