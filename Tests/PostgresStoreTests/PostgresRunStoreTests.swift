import RunStoreClaims
import Testing

/// The claims of every run store, in PostgreSQL, which does not keep the limits of what runs take yet.
@Suite struct PostgresRunStoreTests {
    @Test(arguments: StoreClaim.allButLimits)
    func theStoreKeepsItsClaim(_ claim: StoreClaim) throws {
        try claim.check(try PostgresHarness())
    }
}
