import Limits
import Testing

@Suite struct BudgetTests {
    let budget = Budget([Limit(.bytes, most: 10, setting: "--max-upload"), Limit(.depth, most: 2)])

    @Test func takesUpToTheLimitAndNotMore() throws {
        try budget.take(10, of: .bytes)
        #expect(throws: LimitExceeded(Limit(.bytes, most: 10, setting: "--max-upload"))) {
            try budget.take(1, of: .bytes)
        }
    }

    @Test func whatIsRefusedIsNotCounted() throws {
        #expect(throws: LimitExceeded.self) { try budget.take(.max, of: .bytes) }
        try budget.take(10, of: .bytes)
    }

    @Test func whatIsAnnouncedIsComparedAndNotCounted() throws {
        #expect(throws: LimitExceeded.self) { try budget.allow(11, of: .bytes) }
        try budget.allow(10, of: .bytes)
        try budget.take(10, of: .bytes)
        #expect(throws: LimitExceeded.self) { try budget.allow(1, of: .bytes) }
    }

    @Test func whatIsGivenBackCanBeTakenAgain() throws {
        try budget.take(2, of: .depth)
        budget.giveBack(of: .depth)
        try budget.take(1, of: .depth)
        #expect(throws: LimitExceeded.self) { try budget.take(1, of: .depth) }
    }

    @Test func aQuantityWithoutALimitIsNotCounted() throws { try budget.take(.max, of: .entries) }

    @Test func theErrorNamesTheLimitAndItsSetting() {
        #expect(
            LimitExceeded(Limit(.bytes, most: 10, setting: "--max-upload")).description
                == "over 10 bytes (--max-upload)")
        #expect(LimitExceeded(Limit(.depth, most: 2)).description == "over 2 levels")
    }
}

@Suite struct ReserveTests {
    let reserve = Reserve(Limit(.files, most: 3))

    @Test func aShareIsGivenBackAtItsEnd() throws {
        var share: Reserve.Share? = try reserve.share(3)
        #expect(throws: Reserve.Exhausted.self) { _ = try reserve.share(1) }
        withExtendedLifetime(share) {}
        share = nil
        _ = try reserve.share(3)
    }

    @Test func aShareGrowsAsFarAsThereIsMore() throws {
        let share = try reserve.share(1)
        try share.grow(by: 2)
        #expect(throws: Reserve.Exhausted.self) { try share.grow(by: 1) }
        share.giveBack()
        share.giveBack()
        let all = try reserve.share(3)
        #expect(throws: Reserve.Exhausted.self) { _ = try reserve.share(1) }
        withExtendedLifetime(all) {}
    }
}
