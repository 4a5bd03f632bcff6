internal import Limits
internal import RunMetadata
internal import RunStore
internal import Synchronization

/// The runs' metrics as numbers, kept for a while: a run that is looked at again is not read again, and one that has grown
/// only from where it had ended.
final class MetricsTables: Sendable {
    /// One run's.
    private final class Entry: Sendable {
        struct State: Sendable {
            var table: MetricsTable?
            var identity: UInt64 = 0
            /// The first and the last bytes of the text that is in the table: what is behind them is new, if they are the
            /// same.
            var ends: [UInt8] = []
            /// Replies that were made of the table as it is.
            var replies: [MetricsQuery: [UInt8]] = [:]
        }

        let state = Mutex(State())
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
    init(limit: Int = 64 << 20, largest: Int = 512 << 20) {
        (self.limit, self.largest) = (limit, Limit(.bytes, most: largest))
    }

    /// What an entry takes beside its table and replies.
    private static let overhead = 1024

    /// Lends the table of a run's rows, up to date.
    /// - Parameter check: throws where nobody waits for it any more; asked now and then
    func withTable<Result: Sendable>(
        of run: RunID, _ rows: StoredRows, _ check: () throws -> Void = {},
        _ body: (MetricsTable) throws -> Result
    ) throws -> Result {
        try withState(of: run, rows, check) { state, table in try body(table) }
    }

    /// A reply that was made for the same question of the same rows, or else is made now.
    func reply(
        to query: MetricsQuery, of run: RunID, _ rows: StoredRows, _ check: () throws -> Void = {},
        _ make: (MetricsTable) throws -> [UInt8]
    ) throws -> [UInt8] {
        try withState(of: run, rows, check) { state, table in
            if let reply = state.replies[query] { return reply }
            let reply = try make(table)
            if state.replies.count >= 8 { state.replies = [:] }
            if reply.count <= 512 << 10 { state.replies[query] = reply }
            return reply
        }
    }

    private func withState<Result: Sendable>(
        of run: RunID, _ rows: StoredRows, _ check: () throws -> Void,
        _ body: (inout Entry.State, MetricsTable) throws -> Result
    ) throws -> Result {
        let entry = entry(of: run)
        let (result, size): (Result, Int) = try entry.state.withLock { state in
            // It may have waited for another one's reading.
            try check()
            let table = try bringUpToDate(&state, rows, check)
            let result = try body(&state, table)
            return (result, table.size + state.replies.values.reduce(Self.overhead) { $0 + $1.count })
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

    /// Forgets those that were not used for longest while all are too large together.
    private func keep(_ run: RunID, _ entry: Entry, _ size: Int) {
        kept.withLock { kept in
            guard kept.entries[run]?.entry === entry else { return }
            kept.entries[run]?.size = size
            var total = kept.entries.values.reduce(0) { $0 + $1.size }
            while total > limit, let oldest = kept.entries.min(by: { $0.value.used < $1.value.used }) {
                total -= oldest.value.size
                kept.entries[oldest.key] = nil
            }
        }
    }

    // MARK: Reading

    private static let endLength = 64
    private static let bufferSize = 1 << 20
    /// A line that is longer is no row, and ends what is read.
    private static let longestLine = 64 << 20

    private func bringUpToDate(
        _ state: inout Entry.State, _ rows: StoredRows, _ check: () throws -> Void
    ) throws -> MetricsTable {
        if let table = state.table, state.identity == rows.identity, rows.size >= table.covered,
            try Self.ends(of: rows, table.covered) == state.ends
        {
            if rows.size == table.covered { return table }
            let before = table.covered
            do { try read(rows, into: table, check) } catch {
                // Half of it is there.
                state = Entry.State()
                throw error
            }
            if table.covered == before { return table }
            state.replies = [:]
            state.ends = try Self.ends(of: rows, table.covered)
            return table
        }
        state = Entry.State()
        let table = MetricsTable(expectedRows: try Self.expectedRows(rows), limit: largest.most)
        try read(rows, into: table, check)
        state.table = table
        state.identity = rows.identity
        state.ends = try Self.ends(of: rows, table.covered)
        return table
    }

    private static func ends(of rows: StoredRows, _ covered: Int) throws -> [UInt8] {
        let length = min(covered, endLength)
        return try rows.read(0..<length) + rows.read(covered - length..<covered)
    }

    /// How many rows there may be, by the length of the first and the last that fit in a little.
    private static func expectedRows(_ rows: StoredRows) throws -> Int {
        let sample = try rows.read(0..<min(rows.size, 4096)) + rows.read(max(0, rows.size - 4096)..<rows.size)
        let lines = sample.count { $0 == UInt8(ascii: "\n") }
        // No more than would fill as many bytes as the text has.
        return lines == 0 ? 0 : min(rows.size / max(1, sample.count / lines) * 17 / 16, rows.size / 8)
    }

    private func read(_ rows: StoredRows, into table: MetricsTable, _ check: () throws -> Void) throws {
        var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 16)
        defer { buffer.deallocate() }
        while table.covered < rows.size {
            try check()
            let wanted = min(buffer.count, rows.size - table.covered)
            let count = try rows.read(
                at: table.covered, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
            let taken = table.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if table.isOverLimit { throw StoreError.tooLarge("the table of the metrics is \(LimitExceeded(largest))") }
            if taken > 0 { continue }
            // A line without its end: it is still being written, or longer than the buffer.
            if wanted < buffer.count || count < wanted || wanted >= Self.longestLine { return }
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
            buffer.deallocate()
            buffer = larger
        }
    }
}
