import Foundation
import RunMetadata
import TestSupport
import Testing

@testable import HTTPServer
@testable import RunAPI
@testable import RunStore

/// The tables of runs' metrics that are kept.
@Suite struct MetricsTablesTests {
    private let folder = TemporaryFolder()
    private let runs = ["one", "two"].compactMap { RunID($0) }

    private struct NobodyWaits: Error {}

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
        #expect(throws: NobodyWaits.self) {
            try tables.withTable(
                of: runs[0], rows,
                {
                    asked += 1
                    if asked > 2 { throw NobodyWaits() }
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

    @Test func aTableThatWouldBeTooLargeIsRefused() throws {
        let tables = MetricsTables(largest: 1 << 20)
        #expect(throws: StoreError.self) { try tables.withTable(of: runs[0], rows(of: runs[0])) { $0.rowCount } }
        #expect(try tables.withTable(of: runs[1], rows(of: runs[1], count: 1000)) { $0.rowCount } == 1000)
    }
}
