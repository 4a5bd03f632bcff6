internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The names in the directories of runs, read at one time.
struct IndexNames: Sendable {
    private let paths: RunPaths
    private let names: [(place: RunPlace, names: [String])]
    fileprivate let times: IndexNamesWatch.Times

    /// The places, by priority: of a run at several places, the first counts.
    static let places: [RunPlace] = [.initialised, .archived, .pending]

    /// Reads the directories.
    init(_ paths: RunPaths) throws(FileFailure) {
        self.paths = paths
        // Read before the names, so that a change meanwhile is noticed later.
        times = IndexNamesWatch.Times(paths)
        var names: [(place: RunPlace, names: [String])] = []
        for place in Self.places { names.append((place, try Files.names(in: paths.container(place)))) }
        self.names = names
    }

    /// A name that is only in the index or only in the directories.
    struct Difference: Sendable {
        let run: String
        /// If the index has no such run: the place at which there may be one.
        let place: RunPlace?
        fileprivate let paths: RunPaths

        /// Whether a run was really added or removed. A name that is not a run, such as a link to one, does not count.
        var isNews: Bool { place.map { paths.isRun(run, at: $0) } ?? true }
    }

    /// The differences from the index.
    func differing(from rows: IndexRows) -> [Difference] {
        var found: [Difference] = []
        var seen: Set<String> = []
        for (place, names) in names {
            for name in names where RunID(name) != nil {
                guard let row = rows[name] else {
                    found.append(Difference(run: name, place: place, paths: paths))
                    continue
                }
                if rows.places[row] == place { seen.insert(name) }
            }
        }
        if seen.count < rows.runs.count {
            for name in rows.runs where !seen.contains(name) {
                found.append(Difference(run: name, place: nil, paths: paths))
            }
        }
        return found
    }
}

/// Knows when the names have to be read again, by the directories' times of change (inode(7)).
struct IndexNamesWatch {
    /// The directories' times of change.
    struct Times: Equatable, Sendable {
        private let seconds: [Int]
        private let nanoseconds: [Int]
        /// When they were read.
        private let asked: Int

        init(_ paths: RunPaths) {
            let times = IndexNames.places.map {
                Files.status(paths.container($0))?.st_ctim ?? timespec()
            }
            seconds = times.map(\.tv_sec)
            nanoseconds = times.map(\.tv_nsec)
            asked = time(nil)
        }

        /// Whether a later change would get another time: clocks of file systems are coarse.
        var isSettled: Bool { seconds.allSatisfy { $0 + 1 < asked } }

        static func == (one: Times, other: Times) -> Bool {
            one.seconds == other.seconds && one.nanoseconds == other.nanoseconds
        }
    }

    private var last: Times?
    /// Directories without a run yet: one may be copied into them, which does not change these times.
    private var candidates: [IndexNames.Difference] = []
    /// If there are more, not all are checked.
    private static let manyCandidates = 1000

    /// Whether the names may have changed since they were last read.
    func isOutdated(_ paths: RunPaths) -> Bool {
        guard let last, last.isSettled else { return true }
        return last != Times(paths)
    }

    /// Notes that names were read.
    /// - Returns: the added and removed runs
    mutating func note(_ names: IndexNames, _ rows: IndexRows) -> [String] {
        last = names.times
        let found = names.differing(from: rows)
        candidates = Array(found.filter { $0.place != nil }.prefix(Self.manyCandidates))
        return found.filter(\.isNews).map(\.run)
    }

    /// The new runs in directories that had none.
    mutating func arrivals() -> [String] {
        let found = candidates.filter(\.isNews)
        if !found.isEmpty { candidates.removeAll(where: \.isNews) }
        return found.map(\.run)
    }
}
