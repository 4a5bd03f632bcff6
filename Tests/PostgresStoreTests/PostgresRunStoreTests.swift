import RunStoreClaims
import Testing

/// The claims of every run store, in PostgreSQL. Whatever was done, the counts that limits go by are right.
@Suite struct PostgresRunStoreTests {
    @Test(arguments: StoreClaim.all)
    func theStoreKeepsItsClaim(_ claim: StoreClaim) throws {
        let harness = try PostgresHarness()
        try claim.check(harness)
        #expect(try harness.miscounted() == "")
    }
}
