import Testing

@testable import DirectoryStore

@Suite struct TouchedRunsTests {
    private let touched = TouchedRuns()

    @Test func whatIsNotedIsTakenOnce() {
        touched.insert("a", .rows)
        touched.insert("a", .rows)
        #expect(touched.count == 1)
        #expect(touched.take() == ["a": .rows])
        #expect(touched.take().isEmpty)
    }

    @Test(arguments: [[TouchedRuns.Change.rows, .anything], [.anything, .rows]])
    func aChangeOfAnythingIsNotForgotten(_ changes: [TouchedRuns.Change]) {
        for change in changes { touched.insert("a", change) }
        #expect(touched.take() == ["a": .anything])
    }

    @Test func eachTakingBeginsARound() {
        let first = touched.round
        _ = touched.take(atMost: 1)
        #expect(touched.round > first)
    }

    @Test func whatHasWaitedLongestIsTakenFirst() {
        for folder in ["c", "a", "b"] { touched.insert(folder, .rows) }
        #expect(touched.take(atMost: 1) == ["c": .rows])
        touched.insert("d", .rows)
        #expect(touched.take(atMost: 2) == ["a": .rows, "b": .rows])
        #expect(touched.take(atMost: 2) == ["d": .rows])
    }

    /// Noted in another round while it waits, a run is not taken twice, nor later than its turn.
    @Test func whatIsNotedAgainKeepsItsPlaceAndItsGreatestChange() {
        for folder in ["a", "b", "c"] { touched.insert(folder, .rows) }
        _ = touched.take(atMost: 1)
        touched.insert("c", .anything)
        touched.insert("b", .rows)
        #expect(touched.take(atMost: 1) == ["b": .rows])
        #expect(touched.take() == ["c": .anything])
        #expect(touched.count == 0)
    }
}
