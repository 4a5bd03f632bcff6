internal import CLinux
internal import Glibc
internal import LocalFiles
internal import RunMetadata

/// Tells whether anything that a listing shows of a run has changed: a hash of the sizes and times of change of its
/// files. The time of change (`st_ctime`) cannot be set by programs, so that `rsync` and `cp -p` are noticed too.
struct RunStamp: Equatable, Sendable {
    let value: UInt64

    /// A stamp that no run has, so that the run is read again.
    static let unknown = RunStamp(value: 0)

    init(value: UInt64) { self.value = value }

    /// Computes the stamp of a run's directory.
    init(of directory: String) throws(FileFailure) {
        let folder = try RunDirectory(directory).openData()
        var parts = Parts()
        parts.add(folder.status)
        for path in [DataPath.flags, .evaluation, .error] { parts.add(folder.status(of: path.description)) }
        for status in Metrics(in: folder).parts { parts.add(status) }
        if let properties = try folder.folder(DataPath.properties) {
            parts.add(properties.status)
            var count = 0
            try properties.eachName { name in
                count += 1
                if count <= RunReader.mostProperties { parts.add(properties.status(of: name)) }
            }
        } else {
            parts.add(nil)
        }
        self = parts.stamp
    }

    /// The files of metrics.
    struct Metrics {
        let rows: stat?
        let frame: stat?

        init(in folder: RunDirectory.Folder) {
            rows = folder.status(of: DataPath.metricsRows.description)
            frame = folder.status(of: DataPath.metricsFrame.description)
        }

        /// Whether another program may have written the frame since the last row.
        var isDoubtful: Bool { MetricsFiles.isDoubtful(frame, beside: rows) }

        /// The parts of the stamp: the rows, and the frame unless it is a view of them.
        var parts: [stat?] { rows == nil || isDoubtful ? [rows, frame] : [rows] }
    }

    /// The parts of a stamp, always in one order: the data directory, flags, evaluation, error, the rows if any, the
    /// frame unless it is a view of them, the folder of properties, and the properties in the folder's own order, which
    /// stays the same while nothing in it changes.
    struct Parts {
        private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

        /// Adds a file or folder; nil if there is none.
        mutating func add(_ status: stat?) {
            guard let status else { return mix(1) }
            mix(status.st_ctim.tv_sec)
            mix(status.st_ctim.tv_nsec)
            mix(Int(status.st_size))
            mix(Int(truncatingIfNeeded: status.st_ino))
        }

        private mutating func mix(_ number: Int) {
            hash = (hash ^ UInt64(truncatingIfNeeded: number)) &* 0x100_0000_01b3
            hash ^= hash >> 29
        }

        var stamp: RunStamp { RunStamp(value: max(hash, 1)) }
    }
}
