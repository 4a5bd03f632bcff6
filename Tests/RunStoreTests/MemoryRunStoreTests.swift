import RunStoreClaims
import Testing

/// The claims of every run store, in memory: the protocol needs no directories.
@Suite struct MemoryRunStoreTests {
    @Test(arguments: StoreClaim.all)
    func theStoreKeepsItsClaim(_ claim: StoreClaim) throws {
        try claim.check(MemoryHarness())
    }
}
