internal import Testing

/// Something that every run store does.
///
/// A second store makes a `StoreHarness` and a suite of one test with `StoreClaim.all` as its arguments.
package struct StoreClaim: Sendable, CustomTestStringConvertible {
    /// The claim in words.
    package let testDescription: String
    package let check: @Sendable (any StoreHarness) throws -> Void

    package init(_ words: String, _ check: @escaping @Sendable (any StoreHarness) throws -> Void) {
        testDescription = words
        self.check = check
    }

    /// All claims.
    package static let all =
        metrics + documents + lifecycle + defaults + waiting + sessions + listing + queries + archiving + batches
        + artifacts + output + ending + removing + frames + reading + metricsReads + limits
}
