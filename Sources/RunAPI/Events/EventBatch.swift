internal import RunMetadata
internal import RunStore

/// What has come since readers were told last, as events.
///
/// Each event is made once, and each reader of a run gets the same bytes. Rows that come faster than they can be passed on to
/// all readers are left out, the oldest first, and an event `skipped` says how many.
struct EventBatch {
    /// The events of each run, one after the other, and those of all.
    private(set) var texts: [RunID: [UInt8]] = [:]
    private(set) var all: [UInt8] = []
    private(set) var count = 0
    /// Runs that are there no more.
    private(set) var removed: Set<RunID> = []

    /// Bytes of rows of one run that are passed on at a time, to all of its readers together, and at the least to each.
    private static let budget = 4 << 20
    private static let least = 16 << 10

    /// - Parameters:
    ///   - readers: how many readers each run has; those of all runs count for each
    ///   - readersOfAll: how many readers all runs have
    ///   - ring: numbers the events and keeps them
    init(_ changes: [RunChange], readers: [RunID: Int], readersOfAll: Int, ring: inout EventRing) {
        var runs: [RunID] = []
        var byRun: [RunID: [RunChange.Kind]] = [:]
        var sizes: [RunID: Int] = [:]
        for change in changes {
            if byRun[change.run] == nil { runs.append(change.run) }
            byRun[change.run, default: []].append(change.kind)
            if case .rows(let rows) = change.kind { sizes[change.run, default: 0] += rows.count }
        }
        let total = sizes.values.reduce(0, +)
        let share = Double(max(Self.least, Self.budget / max(1, readersOfAll))) / Double(max(1, total))
        for run in runs {
            let size = sizes[run] ?? 0
            var limit = max(Self.least, Self.budget / max(1, (readers[run] ?? 0) + readersOfAll))
            if readersOfAll > 0, share < 1 { limit = min(limit, max(512, Int(Double(size) * share))) }
            add(byRun[run] ?? [], of: run, leavingOut: size - limit, &ring)
        }
    }

    private mutating func add(_ kinds: [RunChange.Kind], of run: RunID, leavingOut: Int, _ ring: inout EventRing) {
        var text: [UInt8] = []
        var left = leavingOut
        var skipped = 0
        var rows: [[UInt8]] = []
        var output: AppendedOutput?
        func flush() {
            if skipped > 0 { text += ring.append(run) { EventText.skipped(skipped, of: run, id: $0) }.text }
            if !rows.isEmpty { text += ring.append(run) { EventText.rows(rows, of: run, id: $0) }.text }
            count += (skipped > 0 ? 1 : 0) + (rows.isEmpty ? 0 : 1)
            skipped = 0
            rows = []
            if let appended = output {
                text += ring.append(run) { EventText.change(.output(appended), of: run, id: $0) }.text
                count += 1
            }
            output = nil
        }
        for kind in kinds {
            if case .rows(let lines) = kind {
                if left > 0 {
                    left -= lines.count
                    skipped += lines.count { $0 == UInt8(ascii: "\n") }
                } else {
                    rows.append(lines)
                }
                continue
            }
            if case .output(let appended) = kind {
                // Many lines, each sent by itself, are one event.
                if output?.join(appended) == true { continue }
                if output != nil { flush() }
                output = appended
                continue
            }
            flush()
            text += ring.append(run) { EventText.change(kind, of: run, id: $0) }.text
            count += 1
            if case .removed = kind { removed.insert(run) } else { removed.remove(run) }
        }
        flush()
        texts[run] = text
        all += text
    }
}
