package import Limits
package import RunMetadata

/// What every store sees to, as it was told by whoever started the server.
package struct RunRules: Sendable {
    /// Seconds without a write after which a running run is stale.
    package var staleAfter: Double = 3600
    /// Properties that a run may have.
    package var mostProperties = NameLimits().properties

    package init() {}

    /// Refuses a write after which a run has too many properties. One that has too many, since something else wrote them, may
    /// have them rewritten.
    /// - Parameters:
    ///   - count: how many the run would have
    ///   - before: how many it has
    /// - Throws: `refused`
    package func checkProperties(_ count: Int, before: Int) throws(StoreError) {
        guard count > max(mostProperties.most, before) else { return }
        throw .refused(
            .shape(nil, "properties: the run would have \(LimitExceeded(mostProperties)); remove some, or send fewer"))
    }
}
