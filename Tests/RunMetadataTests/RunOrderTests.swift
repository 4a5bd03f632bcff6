import RunMetadata
import Testing

@Suite struct RunOrderTests {
    private static let columns: [String: [RunValue]] = [
        "a": [.number(2), .missing, .number(10), .text("x"), .flag(true), .number(.nan), .number(2)],
        "b": [.number(1), .number(1), .number(1), .number(1), .number(1), .number(1), .number(0)],
    ]

    private func select(_ query: RunQuery) throws -> RunSelection {
        let keys = try query.order.keys.map { RunColumn(try #require(Self.columns[$0.column.name])) }
        return RunSelection(query, keys: keys, starts: [1, 2, 3, 4, 5, 6, 7]) { "r\($0)" }
    }

    @Test(arguments: [
        ("a", false, [4, 6, 0, 2, 3, 5, 1]), ("-a", false, [3, 2, 6, 0, 4, 5, 1]), ("a", true, [3, 2, 6, 0, 4, 5, 1]),
        ("b,-a", false, [6, 3, 2, 0, 4, 5, 1]), (" -b , a", false, [4, 0, 2, 3, 5, 1, 6]),
        ("`b`,`a`", false, [6, 4, 0, 2, 3, 5, 1]),
    ])
    func missingValuesComeLastAndEqualOnesNewestFirst(_ order: String, _ isDescending: Bool, _ rows: [Int]) throws {
        var query = RunQuery()
        query.order = try RunOrder(order, descending: isDescending)
        #expect(try select(query).page(of: Array(repeating: true, count: 7)) == rows)
    }

    @Test(arguments: [
        ("`a,b`,c", ["a,b", "c"]), ("`a``,b`", ["a`,b"]), ("````", ["`"]), ("`a`` ` , b", ["a` ", "b"]),
        ("a`b,c", ["a`b", "c"]), ("`a``b``c`", ["a`b`c"]),
    ])
    func aBacktickInBackticksIsWrittenTwice(_ text: String, _ names: [String]) throws {
        #expect(try RunColumnName.list(text, parameter: "columns").map(\.0.name) == names)
    }

    @Test(arguments: ["``", "`a`b`", "a,``"])
    func listsWithALoneBacktickAreRefused(_ text: String) {
        #expect(throws: RunQueryFault.self) { try RunColumnName.list(text, parameter: "columns") }
    }

    /// Each page goes on behind the one before, whatever its size.
    @Test(arguments: ["a", "-a", "b,-a", "-b"], [1, 2, 3, 7])
    func pagesTogetherAreTheWhole(_ order: String, _ limit: Int) throws {
        var query = RunQuery()
        query.order = try RunOrder(order)
        let whole = try select(query).page(of: Array(repeating: true, count: 7))
        query.limit = limit
        var seen: [Int] = []
        while seen.count < 7 {
            let selection = try select(query)
            let page = selection.page(of: Array(repeating: true, count: 7)).prefix(limit)
            seen += page
            let cursor = selection.cursor(at: try #require(page.last))
            query.cursor = try RunCursor(cursor.text, order: query.order)
            #expect(query.cursor?.text == cursor.text)
        }
        #expect(seen == whole)
    }

    @Test(arguments: ["a", "-a", "b,-a", "-b"], [0, 1, 5, 7, 8, Int.max])
    func anOffsetLeavesOutTheFirstOnes(_ order: String, _ offset: Int) throws {
        var query = RunQuery()
        query.order = try RunOrder(order)
        let whole = try select(query).page(of: Array(repeating: true, count: 7))
        (query.offset, query.limit) = (offset, 2)
        #expect(
            try select(query).page(of: Array(repeating: true, count: 7))
                == Array(whole.dropFirst(offset).prefix(3)))
    }

    /// More rows than are held while choosing.
    @Test func theFirstOfManyAreFound() throws {
        let numbers = (0..<5000).map { Double(($0 * 7919) % 5000) }
        var query = RunQuery()
        query.order = try RunOrder("a")
        query.limit = 10
        let selection = RunSelection(query, keys: [RunColumn(numbers: numbers)], starts: numbers) { "r\($0)" }
        #expect(
            selection.page(of: Array(repeating: true, count: 5000)).map { numbers[$0] } == (0...10).map(Double.init))
    }

    /// In whatever order rows come, of few texts and of many.
    @Test(arguments: [1, 4999, 7919], [3, 5000])
    func theFirstOfManyTextsAreFound(_ step: Int, _ different: Int) throws {
        let texts = (0..<5000).map { "t\(10000 + $0 * step % 5000 % different)" }
        let order = (0..<5000).sorted { texts[$0] != texts[$1] ? texts[$0] > texts[$1] : $0 > $1 }
        var query = RunQuery()
        query.order = try RunOrder("-a")
        query.limit = 100
        let selection = RunSelection(
            query, keys: [RunColumn(texts.map { .text($0) })], starts: (0..<5000).map(Double.init)
        ) { "r\($0)" }
        #expect(selection.page(of: Array(repeating: true, count: 5000)) == Array(order[...100]))
    }

    /// Texts that come later are among those that were ranked before.
    @Test func ranksAreBroughtUpToDate() throws {
        var query = RunQuery()
        query.order = try RunOrder("a")
        var column = RunColumn(rows: 5)
        for (row, texts) in ["d", "b", "", "c", "e"].enumerated() {
            column[row] = .text(texts)
            column.rankTexts()
        }
        column[0] = .text("a")
        let selection = RunSelection(query, keys: [column], starts: [0, 0, 0, 0, 0]) { "r\($0)" }
        #expect(selection.page(of: Array(repeating: true, count: 5)) == [2, 0, 1, 3, 4])
    }

    @Test(arguments: [("", 0), ("a,", 2), ("a,,b", 2), ("-", 1), ("``", 0), ("`a`b", 3)])
    func anOrderThatCannotBeReadIsToldWithItsPlace(_ order: String, _ offset: Int) {
        #expect(throws: RunQueryFault.self) { try RunOrder(order) }
        do throws(RunQueryFault) { _ = try RunOrder(order) } catch { #expect(error.offset == offset) }
    }

    @Test(arguments: ["", "zz", "5b5d", "7b7d", "5b22612c62225d"])
    func whatIsNoCursorIsRefused(_ text: String) {
        #expect(throws: RunQueryFault.self) { try RunCursor(text, order: .newestFirst) }
    }

    @Test func aCursorBelongsToItsOrder() throws {
        let cursor = RunCursor(start: 1.5, run: "r")
        #expect(try RunCursor(cursor.text, order: .newestFirst) == cursor)
        #expect(throws: RunQueryFault.self) { try RunCursor(cursor.text, order: RunOrder("a")) }
    }
}
