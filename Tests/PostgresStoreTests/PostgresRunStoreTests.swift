import RunStoreClaims
import Testing

/// The claims of every run store, in PostgreSQL.
@Suite struct PostgresRunStoreTests {
    @Test(arguments: StoreClaim.all)
    func theStoreKeepsItsClaim(_ claim: StoreClaim) throws {
        try claim.check(try PostgresHarness())
    }
}
