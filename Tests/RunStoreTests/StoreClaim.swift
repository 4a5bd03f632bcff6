import Testing

/// Something that every run store does.
///
/// A second store makes a `StoreHarness` and a suite of one test with `StoreClaim.all` as its arguments.
struct StoreClaim: Sendable, CustomTestStringConvertible {
    /// The claim in words.
    let testDescription: String
    let check: @Sendable (any StoreHarness) throws -> Void

    init(_ words: String, _ check: @escaping @Sendable (any StoreHarness) throws -> Void) {
        testDescription = words
        self.check = check
    }

    /// All claims.
    static let all =
        metrics + documents + lifecycle + defaults + waiting + sessions + listing + queries + archiving + batches
        + artifacts + output
}
