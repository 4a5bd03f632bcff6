import Foundation
import JSON
import RunMetadata
import RunStore
import TestSupport
import Testing

@testable import DirectoryStore

/// The tables of runs' metrics that are kept.
@Suite struct MetricsTablesTests {
    private let folder = TemporaryFolder()
    private let runs = ["one", "two"].compactMap { RunID($0) }

    /// The rows of a run, enough for several reads of its file.
    private func rows(of run: RunID, count: Int = 100_000) throws -> StoredRows {
        folder.write("\(run)", (0..<count).map { "{\"step\":\($0),\"loss\":0.5}\n" }.joined())
        return StoredRows(descriptor: open("\(folder.path)/\(run)", O_RDONLY | O_CLOEXEC))
    }

    /// Fails when a table is made to its end for nobody, or when half of one is taken for all of it.
    @Test func readingStopsWhenNobodyWaits() throws {
        let tables = MetricsTables()
        let rows = try rows(of: runs[0])
        var asked = 0
        #expect(throws: StoreError.abandoned) {
            try tables.withTable(
                of: runs[0], rows,
                while: {
                    asked += 1
                    return asked <= 2
                }, { $0.rowCount })
        }
        #expect(try tables.withTable(of: runs[0], rows) { $0.rowCount } == 100_000)
    }

    /// Fails when tables are kept without a limit.
    @Test func tablesThatWereNotUsedForLongestAreForgotten() throws {
        let tables = MetricsTables(limit: 3 << 20)
        let rows = try runs.map { try self.rows(of: $0) }
        // Both are held here, so that no other has the same identity.
        let first = try tables.withTable(of: runs[0], rows[0]) { $0 }
        #expect(try tables.withTable(of: runs[0], rows[0]) { $0 } === first)
        let second = try tables.withTable(of: runs[1], rows[1]) { $0 }
        #expect(try tables.withTable(of: runs[1], rows[1]) { $0 } === second)
        #expect(try tables.withTable(of: runs[0], rows[0]) { $0 } !== first)
    }

    /// Fails when an answer goes with the table that it was made of, or is told after the rows have grown.
    @Test func answersOutliveTheirTables() throws {
        let tables = MetricsTables(limit: 3 << 20)
        var made = 0
        func answer(_ number: Int, _ rows: StoredRows) throws -> Int? {
            let answer = try tables.answer(
                to: .series(SeriesSelection(), start: 0), of: runs[number], rows
            ) { table in
                made += 1
                return .points(HeldMetrics(columns: [], rowCount: table.rowCount, version: nil, merged: []))
            }
            guard case .points(let points) = answer else { return nil }
            return points?.rowCount
        }
        let first = try rows(of: runs[0])
        #expect(try answer(0, first) == 100_000)
        let second = try rows(of: runs[1])
        #expect(try answer(1, second) == 100_000)
        #expect(try answer(0, first) == 100_000)
        #expect(made == 2)
        let grown = open("\(folder.path)/\(runs[0])", O_WRONLY | O_APPEND)
        let row = Array("{\"step\":100000}\n".utf8)
        #expect(write(grown, row, row.count) == row.count)
        close(grown)
        let more = StoredRows(descriptor: open("\(folder.path)/\(runs[0])", O_RDONLY | O_CLOEXEC))
        #expect(try answer(0, more) == 100_001)
        #expect(made == 3)
    }

    /// Fails when the values of other columns are read, or the reply differs from that of a table that is kept.
    @Test(arguments: [nil, .row, .epoch, .time, .elapsed] as [MetricsAxis?])
    func ofARunThatIsTooLargeToBeKeptTheAskedColumnsAreRead(_ axis: MetricsAxis?) throws {
        folder.write(
            "\(runs[0])",
            (0..<50_000).map { row in
                #"{"step":\#(row),"_time":\#(1000 + row),"epoch":\#(row / 10),"loss":\#(row % 7),"acc":\#(row % 5)}"#
                    + "\n"
            }.joined())
        let rows = StoredRows(descriptor: open("\(folder.path)/\(runs[0])", O_RDONLY | O_CLOEXEC))
        var selection = SeriesSelection()
        (selection.metrics, selection.axis) = (["acc"], axis)
        func answer(_ tables: MetricsTables) throws -> (text: [UInt8], size: Int) {
            var size = 0
            let answer = try tables.answer(to: .series(selection, start: 900), of: runs[0], rows) {
                table throws(StoreError) in
                size = table.size
                return .series(try table.series(selection, of: runs[0], start: 900))
            }
            guard case .series(let series) = answer else { return ([], 0) }
            return (series.flatMap { $0.x + $0.y }, size)
        }
        let (whole, part) = (try answer(MetricsTables()), try answer(MetricsTables(limit: 1 << 20)))
        #expect(part.text == whole.text && !part.text.isEmpty)
        #expect(part.size < whole.size)
        let small = MetricsTables(limit: 1 << 20)
        _ = try answer(small)
        #expect(try small.withTable(of: runs[0], rows) { $0.only == nil }, "others are told of all columns")
    }

    @Test func aTableThatWouldBeTooLargeIsRefused() throws {
        let tables = MetricsTables(largest: 1 << 20)
        #expect(throws: StoreError.self) { try tables.withTable(of: runs[0], rows(of: runs[0])) { $0.rowCount } }
        #expect(try tables.withTable(of: runs[1], rows(of: runs[1], count: 1000)) { $0.rowCount } == 1000)
    }
}
