import RunMetadata
import Testing

@testable import DirectoryStore

/// How the database keeps a column's values.
@Suite struct ColumnPieceTests {
    private static let rows = RunColumn.chunkRows

    @Test(
        arguments: [
            [.missing], [.flag(true), .flag(false), .missing], [.number(0.1), .number(-.infinity), .number(-0.0)],
            [.text("adam"), .text(""), .text("adam"), .text("é\u{301}"), .number(5)],
            (0..<128).map { .text(String(repeating: "x", count: 992) + "\($0)") },
            (0..<128).map { .number(Double($0)) },
        ] as [[RunValue]])
    func aPieceReadsAsWhatWasWritten(_ values: [RunValue]) {
        let piece = RunColumn(values).chunk(0..<values.count)
        // Where others are already, before and behind.
        var column = RunColumn(Array(repeating: .text("other"), count: 3 * Self.rows))
        let isPiece = piece.withUnsafeBytes { column.set($0, from: Self.rows) }
        #expect(isPiece)
        #expect((0..<values.count).map { column[Self.rows + $0] } == values)
        #expect(column[Self.rows - 1] == .text("other") && column[Self.rows + values.count] == .text("other"))
    }

    @Test func notANumberStaysOne() {
        let piece = RunColumn([.number(.nan)]).chunk(0..<1)
        var column = RunColumn(rows: 1)
        #expect(piece.withUnsafeBytes { column.set($0, from: 0) } && column[0].isMissing && column[0] != .missing)
    }

    /// A damaged file is found out, not read into what is behind it.
    @Test func whatIsNoPieceIsRefused() {
        let piece = RunColumn([.text("adam"), .number(1), .flag(true)]).chunk(0..<3)
        for count in 0..<piece.count {
            var column = RunColumn(rows: 3)
            let isPiece = Array(piece[..<count]).withUnsafeBytes { column.set($0, from: 0) }
            #expect(!isPiece, "\(count) bytes")
        }
    }
}
