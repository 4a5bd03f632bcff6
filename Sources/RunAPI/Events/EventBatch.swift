internal import Access
internal import RunMetadata
internal import RunStore

/// New changes, as events for readers.
///
/// Each event is made once, and all readers of a run get the same bytes. Consecutive changes of one kind become one
/// event, with the id of the last: a reader that has an event has all before it. Rows that arrive faster than they can
/// be sent to all readers are left out, the oldest first, and an event `skipped` says how many.
struct EventBatch {
    /// The events of each run, and those of all runs, as text.
    private(set) var texts: [RunID: [UInt8]] = [:]
    private(set) var all: [UInt8] = []
    /// Each event with its run, in order.
    private var events: [(run: RunID, text: [UInt8])] = []
    private(set) var count = 0
    /// Runs that no longer exist.
    private(set) var removed: Set<RunID> = []

    /// The most bytes of rows of one run in a batch, for all of its readers together, and the least for each reader.
    private static let budget = 4 << 20
    private static let least = 16 << 10

    /// - Parameters:
    ///   - readers: the number of readers of each run
    ///   - readersOfAll: the number of readers of all runs
    init(_ changes: [ToldChange], readers: [RunID: Int], readersOfAll: Int) {
        var sizes: [RunID: Int] = [:]
        for told in changes {
            if case .rows(let rows) = told.change.kind { sizes[told.change.run, default: 0] += rows.count }
        }
        let total = sizes.values.reduce(0, +)
        let share = Double(max(Self.least, Self.budget / max(1, readersOfAll))) / Double(max(1, total))
        var leavingOut: [RunID: Int] = [:]
        for (run, size) in sizes {
            var limit = max(Self.least, Self.budget / max(1, (readers[run] ?? 0) + readersOfAll))
            if readersOfAll > 0, share < 1 { limit = min(limit, max(512, Int(Double(size) * share))) }
            if size > limit { leavingOut[run] = size - limit }
        }
        var joined: Joined?
        for told in changes {
            let isLeftOut = leavingOut[told.change.run].map { $0 > 0 } ?? false
            if isLeftOut, case .rows(let lines) = told.change.kind {
                leavingOut[told.change.run, default: 0] -= lines.count
            }
            if joined?.join(told, isLeftOut: isLeftOut) == true { continue }
            if let joined { add(joined) }
            joined = Joined(told, isLeftOut: isLeftOut)
        }
        if let joined { add(joined) }
    }

    private mutating func add(_ event: Joined) {
        let text = event.text
        texts[event.run, default: []] += text
        all += text
        events.append((event.run, text))
        count += 1
        if event.isRemoval { removed.insert(event.run) } else { removed.remove(event.run) }
    }

    /// The events of the runs of a scope; nil if there are none.
    func text(in scope: RunScope) -> [UInt8]? {
        guard scope.isLimited else { return all }
        let text = events.lazy.filter { scope.allows($0.run) }.flatMap(\.text)
        return text.isEmpty ? nil : Array(text)
    }

    /// Changes that become one event: rows, left-out rows, output, or a single other change.
    private struct Joined {
        let run: RunID
        private var id: ChangeID
        private var rows: [[UInt8]] = []
        private var skipped = 0
        private var output: AppendedOutput?
        private let kind: RunChange.Kind

        init(_ told: ToldChange, isLeftOut: Bool) {
            (run, id, kind) = (told.change.run, told.id, told.change.kind)
            switch kind {
            case .rows(let lines) where isLeftOut: skipped = Self.count(lines)
            case .rows(let lines): rows = [lines]
            case .output(let appended): output = appended
            default: break
            }
        }

        /// Adds a change.
        /// - Returns: false if it needs an event of its own
        mutating func join(_ told: ToldChange, isLeftOut: Bool) -> Bool {
            guard told.change.run == run else { return false }
            switch told.change.kind {
            case .rows(let lines) where isLeftOut && skipped > 0: skipped += Self.count(lines)
            case .rows(let lines) where !isLeftOut && !rows.isEmpty: rows.append(lines)
            // Lines that were sent one by one become one event.
            case .output(let next): if output?.join(next) != true { return false }
            default: return false
            }
            id = told.id
            return true
        }

        var isRemoval: Bool { if case .removed = kind { true } else { false } }

        var text: [UInt8] {
            if skipped > 0 { return EventText.skipped(skipped, of: run, id: id) }
            if !rows.isEmpty { return EventText.rows(rows, of: run, id: id) }
            return EventText.change(output.map { .output($0) } ?? kind, of: run, id: id)
        }

        private static func count(_ lines: [UInt8]) -> Int { lines.count { $0 == UInt8(ascii: "\n") } }
    }
}
