internal import JSON
internal import Limits
package import RunMetadata
internal import Synchronization

/// The runs' metrics as numbers, kept for a while. A run that is requested again is not read again; if it has grown,
/// only the new rows are read.
package final class MetricsTables: Sendable {
    /// The entry of one run.
    private final class Entry: Sendable {
        struct State: Sendable {
            /// Nil if there was no room to keep it.
            var table: MetricsTable?
            var identity: UInt64 = 0
            /// Bytes of the text that the table covers, or covered.
            var covered = 0
            /// The first and the last bytes of that text. If they are unchanged, only what follows is new.
            var ends: [UInt8] = []
            /// Answers made from the table in this state.
            var answers: [Question: Answer] = [:]

            /// Bytes of the answers.
            var answerSize: Int { answers.values.reduce(0) { $0 + $1.size } }
        }

        let state = Mutex(State())
    }

    /// A question that is answered from a table as a whole.
    package enum Question: Hashable, Sendable {
        case points(MetricsSelection)
        /// From a run's start on.
        case series(SeriesSelection, start: Double)

        /// The columns that are needed beside the axes; nil: any.
        var columns: Set<ExactText>? {
            guard case .series(let selection, _) = self, let metrics = selection.metrics else { return nil }
            let needsTime = selection.axis == .time || selection.axis == .elapsed
            return Set(metrics + (needsTime ? [ExactText(MetricsColumnRole.timeName)] : []))
        }
    }

    /// An answer, which is cached.
    package enum Answer: Sendable {
        /// Nil: nothing would be left out.
        case points(HeldMetrics?)
        case series([MetricsSeries])

        /// Bytes.
        var size: Int {
            switch self {
            case .points(let points): points?.size ?? 0
            case .series(let series): series.reduce(0) { $0 + $1.size }
            }
        }
    }

    private struct Kept: Sendable {
        var entries: [RunID: (entry: Entry, size: Int, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    private let limit: Int
    private let largest: Limit
    private let kept = Mutex(Kept())

    /// - Parameters:
    ///   - limit: bytes of tables that are kept
    ///   - largest: bytes of the largest table that is made
    package init(limit: Int = 64 << 20, largest: Int = 512 << 20) {
        (self.limit, self.largest) = (limit, Limit(.bytes, most: largest))
    }

    /// Bytes that an entry takes beside its table and answers.
    private static let overhead = 1024

    /// Lends the table of a run's rows, up to date.
    /// - Parameter isWanted: whether somebody still waits for it; asked now and then
    /// - Throws: `abandoned`, `tooLarge`
    package func withTable<Result: Sendable>(
        of run: RunID, _ rows: any MetricsText, while isWanted: () -> Bool = { true },
        _ body: (MetricsTable) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try withState(of: run, isWanted) { state throws(StoreError) in
            try body(try bringUpToDate(&state, rows, while: isWanted))
        }
    }

    /// A cached answer to the same question about the same rows, or a new one.
    package func answer(
        to question: Question, of run: RunID, _ rows: any MetricsText, while isWanted: () -> Bool = { true },
        _ make: (MetricsTable) throws(StoreError) -> Answer
    ) throws(StoreError) -> Answer {
        try withState(of: run, isWanted) { state throws(StoreError) in
            if let answer = state.answers[question], try Self.isCurrent(state, rows) { return answer }
            // A table that is too large to keep is made with the requested columns only, which takes half the time or
            // less.
            let columns = try Self.expectedSize(rows) > limit ? question.columns : nil
            let answer = try make(try bringUpToDate(&state, rows, only: columns, while: isWanted))
            if state.answers.count >= 8 { state.answers = [:] }
            if answer.size <= 512 << 10 { state.answers[question] = answer }
            return answer
        }
    }

    private func withState<Result: Sendable>(
        of run: RunID, _ isWanted: () -> Bool, _ body: (inout Entry.State) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let entry = entry(of: run)
        let (result, size) = try entry.state.withLock { state throws(StoreError) -> (Result, Int) in
            // This thread may have waited while another one read.
            if !isWanted() { throw .abandoned }
            let result = try body(&state)
            return (result, (state.table?.size ?? 0) + state.answerSize + Self.overhead)
        }
        keep(run, entry, size)
        return result
    }

    private func entry(of run: RunID) -> Entry {
        kept.withLock { kept in
            kept.clock += 1
            let entry = kept.entries[run]?.entry ?? Entry()
            kept.entries[run] = (entry, kept.entries[run]?.size ?? 0, kept.clock)
            return entry
        }
    }

    /// While all together are too large, drops the tables that were unused for longest, and then the rest of those
    /// entries.
    private func keep(_ run: RunID, _ entry: Entry, _ size: Int) {
        kept.withLock { kept in
            guard kept.entries[run]?.entry === entry else { return }
            kept.entries[run]?.size = size
            var total = kept.entries.values.reduce(0) { $0 + $1.size }
            if total <= limit { return }
            let oldest = kept.entries.sorted { $0.value.used < $1.value.used }
            for (run, other) in oldest where total > limit {
                // One that is being read has just been used.
                let left = other.entry.state.withLockIfAvailable { state in
                    state.table = nil
                    return state.answerSize + Self.overhead
                }
                guard let left else { continue }
                total -= other.size - left
                kept.entries[run]?.size = left
            }
            for (run, _) in oldest where total > limit {
                total -= kept.entries[run]?.size ?? 0
                kept.entries[run] = nil
            }
        }
    }

    // MARK: Reading

    private static let endLength = 64
    private static let bufferSize = 1 << 20
    /// A longer line is not a row, and reading ends there.
    private static let longestLine = 64 << 20

    /// Whether the text still begins with what was read.
    private static func isContinued(_ state: Entry.State, _ rows: any MetricsText) throws(StoreError) -> Bool {
        if state.identity != rows.identity || rows.size < state.covered { return false }
        return try ends(of: rows, state.covered) == state.ends
    }

    /// Whether the text is exactly what was read.
    private static func isCurrent(_ state: Entry.State, _ rows: any MetricsText) throws(StoreError) -> Bool {
        if rows.size != state.covered { return false }
        return try isContinued(state, rows)
    }

    private func bringUpToDate(
        _ state: inout Entry.State, _ rows: any MetricsText, only columns: Set<ExactText>? = nil,
        while isWanted: () -> Bool
    ) throws(StoreError) -> MetricsTable {
        let isContinued = try Self.isContinued(state, rows)
        if isContinued, let table = state.table, rows.size == table.covered { return table }
        let table: MetricsTable
        if isContinued, let known = state.table {
            table = known
        } else {
            table = MetricsTable(expectedRows: try Self.expectedRows(rows), limit: largest.most, only: columns)
        }
        // If this fails, the table is incomplete.
        let before = state
        state = Entry.State()
        try read(rows, into: table, while: isWanted)
        state.table = table.only == nil ? table : nil
        state.identity = rows.identity
        state.covered = table.covered
        state.ends = try Self.ends(of: rows, table.covered)
        if isContinued, table.covered == before.covered { state.answers = before.answers }
        return table
    }

    private static func ends(of rows: any MetricsText, _ covered: Int) throws(StoreError) -> [UInt8] {
        let length = min(covered, endLength)
        return try rows.read(0..<length) + rows.read(covered - length..<covered)
    }

    /// The first and the last 4096 bytes.
    private static func sample(_ rows: any MetricsText) throws(StoreError) -> [UInt8] {
        try rows.read(0..<min(rows.size, 4096)) + rows.read(max(0, rows.size - 4096)..<rows.size)
    }

    /// Bytes that a table of all columns may take: eight for each value, which follows a colon.
    private static func expectedSize(_ rows: any MetricsText) throws(StoreError) -> Int {
        let sample = try sample(rows)
        return rows.size / max(1, sample.count) * sample.count { $0 == UInt8(ascii: ":") } * 8
    }

    /// About how many rows there are, by the length of those in the sample.
    private static func expectedRows(_ rows: any MetricsText) throws(StoreError) -> Int {
        let sample = try sample(rows)
        let lines = sample.count { $0 == UInt8(ascii: "\n") }
        // Not more than would fill as many bytes as the text has.
        return lines == 0 ? 0 : min(rows.size / max(1, sample.count / lines) * 17 / 16, rows.size / 8)
    }

    private func read(
        _ rows: any MetricsText, into table: MetricsTable, while isWanted: () -> Bool
    ) throws(StoreError) {
        var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 16)
        defer { buffer.deallocate() }
        while table.covered < rows.size {
            if !isWanted() { throw .abandoned }
            let wanted = min(buffer.count, rows.size - table.covered)
            let count = try rows.read(
                at: table.covered, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
            let taken = table.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if table.isOverLimit { throw StoreError.tooLarge("the table of the metrics is \(LimitExceeded(largest))") }
            if taken > 0 { continue }
            // A line without its newline: it is still being written, or is longer than the buffer.
            if wanted < buffer.count || count < wanted || wanted >= Self.longestLine { return }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
            buffer.deallocate()
            buffer = larger
        }
    }
}
