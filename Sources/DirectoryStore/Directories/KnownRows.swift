internal import LocalFiles
internal import RunMetadata
internal import Synchronization

/// How far the rows of recently requested runs were read, so that a digest of their metrics costs only the new rows.
final class KnownRows: Sendable {
    private struct Known: Sendable {
        var marks: [String: RowsMark] = [:]
        /// Digests of frames without rows, each with its file's version.
        var frames: [String: (version: FileVersion, digest: MetricsDigest?)] = [:]
        /// The number of columns of all of them.
        var columns = 0
    }

    /// The most runs, and columns of all of them, that are cached.
    private static let runs = 1024
    private static let columns = 100_000

    private let known = Mutex(Known())

    func mark(of folder: String) -> RowsMark? { known.withLock { $0.marks[folder] } }

    func keep(_ mark: RowsMark, of folder: String) {
        known.withLock { known in
            Self.makeRoom(for: mark.tail.columnCount, in: &known)
            known.columns -= known.marks[folder]?.tail.columnCount ?? 0
            known.marks[folder] = mark
        }
    }

    /// The cached digest of a frame; outer nil: it has to be read.
    func digest(of folder: String, _ version: FileVersion) -> MetricsDigest?? {
        known.withLock { known in
            guard let frame = known.frames[folder], frame.version == version else { return nil }
            return .some(frame.digest)
        }
    }

    func keep(_ digest: MetricsDigest?, of folder: String, _ version: FileVersion) {
        known.withLock { known in
            Self.makeRoom(for: digest?.metrics.count ?? 0, in: &known)
            known.columns -= known.frames[folder]?.digest?.metrics.count ?? 0
            known.frames[folder] = (version, digest)
        }
    }

    private static func makeRoom(for columns: Int, in known: inout Known) {
        if known.columns + columns > Self.columns || known.marks.count + known.frames.count >= runs {
            known = Known()
        }
        known.columns += columns
    }
}
