package import RunMetadata

/// The parts of a request, other than its body, that a writer may read.
package struct WriteRequest: Sendable {
    /// The run that is written to.
    package let target: RunTarget
    /// The query's fields, in order.
    package let query: [(name: String, value: String)]
    /// The header `Content-Type` as sent; empty if there is none.
    package let contentType: String
    /// Whether no client waits for the result any longer.
    package let isCancelled: @Sendable () -> Bool

    package init(
        target: RunTarget = .active(.default), query: [(name: String, value: String)] = [], contentType: String = "",
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        (self.target, self.query, self.contentType) = (target, query, contentType)
        self.isCancelled = isCancelled
    }

    /// The same, also cancelled when `isCancelled` returns true.
    package func cancelled(by isCancelled: @escaping @Sendable () -> Bool) -> WriteRequest {
        let before = self.isCancelled
        return WriteRequest(target: target, query: query, contentType: contentType) { before() || isCancelled() }
    }
}
