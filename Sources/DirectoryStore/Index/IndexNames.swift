internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// The names in the directories that hold runs, as they were found at one time.
struct IndexNames: Sendable {
    private let paths: RunPaths
    private let names: [(place: RunPlace, names: [String])]
    fileprivate let times: IndexNamesWatch.Times

    /// Where runs are listed that are at several places, the first one counts.
    static let places: [RunPlace] = [.initialised, .archived, .pending]

    /// Reads the directories.
    init(_ paths: RunPaths) throws(FileFailure) {
        self.paths = paths
        // Before the names are read: what changes meanwhile is seen to have changed since.
        times = IndexNamesWatch.Times(paths)
        var names: [(place: RunPlace, names: [String])] = []
        for place in Self.places { names.append((place, try Files.names(in: paths.container(place)))) }
        self.names = names
    }

    /// A name in which the index and the directories differ.
    struct Difference: Sendable {
        let run: String
        /// Where the index has no run of this name: the place at which there may be one.
        let place: RunPlace?
        fileprivate let paths: RunPaths

        /// Whether there is a run indeed, or one has gone. What stays no run, such as a link to one, is no news.
        var isNews: Bool { place.map { paths.isRun(run, at: $0) } ?? true }
    }

    /// What differs from the index.
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

/// Knows when the names have to be read again: a directory's time of change tells (inode(7)).
struct IndexNamesWatch {
    /// The directories' times of change.
    struct Times: Equatable, Sendable {
        private let seconds: [Int]
        private let nanoseconds: [Int]
        /// When they were asked for.
        private let asked: Int

        init(_ paths: RunPaths) {
            let times = IndexNames.places.map {
                Files.status(paths.container($0))?.st_ctim ?? timespec()
            }
            seconds = times.map(\.tv_sec)
            nanoseconds = times.map(\.tv_nsec)
            asked = time(nil)
        }

        /// Whether a change just after they were asked for would have another time: clocks of file systems are coarse.
        var isSettled: Bool { seconds.allSatisfy { $0 + 1 < asked } }

        static func == (one: Times, other: Times) -> Bool {
            one.seconds == other.seconds && one.nanoseconds == other.nanoseconds
        }
    }

    private var last: Times?
    /// Directories that hold no run yet: one may be on its way into them, of which the times do not tell.
    private var candidates: [IndexNames.Difference] = []
    /// More of them than that are not all looked at.
    private static let manyCandidates = 1000

    /// Whether the names may have changed since they were read last.
    func isOutdated(_ paths: RunPaths) -> Bool {
        guard let last, last.isSettled else { return true }
        return last != Times(paths)
    }

    /// Notes that names were read.
    /// - Returns: the runs that came or went
    mutating func note(_ names: IndexNames, _ rows: IndexRows) -> [String] {
        last = names.times
        let found = names.differing(from: rows)
        candidates = Array(found.filter { $0.place != nil }.prefix(Self.manyCandidates))
        return found.filter(\.isNews).map(\.run)
    }

    /// The runs that came into directories which held none.
    mutating func arrivals() -> [String] {
        let found = candidates.filter(\.isNews)
        if !found.isEmpty { candidates.removeAll(where: \.isNews) }
        return found.map(\.run)
    }
}
