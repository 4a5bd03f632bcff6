import RunMetadata
import RunStore
import RunStoreClaims
import Testing

/// The feed of a store whose changes are all made in this process.
@Suite struct LocalChangeFeedTests {
    private let feed = LocalChangeFeed(keptBytes: 15_000)

    init() { feed.watch(true) }

    private func append(_ runs: [RunID]) { feed.append(runs.map { RunChange(run: $0, kind: .completed) }) }

    @Test func changesOfOneRunStandBehindOneAnother() {
        append([.one, .two, .one, .two, .one])
        let taken = feed.take().changes
        #expect(taken.map(\.change.run) == [.one, .one, .one, .two, .two])
        #expect(taken.map(\.id.number) == [1, 2, 3, 4, 5])
    }

    @Test func theOldestIsForgotten() {
        for _ in 0..<200 {
            append([.one])
            _ = feed.take()
        }
        let last = feed.position
        func changes(after number: UInt64) -> [UInt64]? {
            feed.changes(after: ChangeID(series: last.series, number: number), of: nil)?.map(\.id.number)
        }
        #expect(last.number == 200)
        #expect(changes(after: 198) == [199, 200])
        #expect(changes(after: 200) == [])
        #expect(changes(after: 201) == nil)
        #expect(changes(after: 1) == nil, "too long ago")
    }

    @Test func feedThatNobodyEmptiesDropsAndSaysSo() {
        append([.one])
        let before = feed.take().changes[0].id
        feed.append((0..<200_001).map { _ in RunChange(run: .one, kind: .completed) })
        #expect(feed.take().isIncomplete)
        #expect(feed.take().changes.isEmpty)
        #expect(feed.changes(after: before, of: nil) == nil)
        let anew = feed.position
        append([.one])
        #expect(feed.changes(after: anew, of: nil)?.isEmpty == true)
        let after = feed.take().changes.map(\.id)
        #expect(feed.changes(after: anew, of: nil)?.map(\.id) == after)
    }

    @Test func whoBeginsToWatchIsToldOfWhatComesThen() {
        append([.one])
        feed.watch(false)
        #expect(!feed.isWatched)
        feed.watch(true)
        #expect(feed.take().changes.isEmpty)
    }
}
