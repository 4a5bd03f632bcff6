package import HTTPServer

/// What a request needs, according to the handler that answers it.
package final class AccessNeed: Sendable {
    /// The runs that a request is about.
    package enum Runs: Sendable {
        /// None, or only those that the sender may use: the handler applies the grant's scope.
        case kept
        /// This one; nil: the active run of the sender's session, which is in the grant's scope.
        case named(String?)
        /// A new one whose id the server makes.
        case made
        /// All: for tokens without limits.
        case all
    }

    /// Which requests are recorded in the audit log.
    package enum Audit: Sendable {
        /// None: reads.
        case never
        case each
        /// The first one in each minute for a token and a run: rows of metrics.
        case sparsely(AuditSlot?)
    }

    package let right: Right
    package let runs: Runs
    /// The operation, as openapi.yaml or the interface's own description names it.
    package let operation: String
    package let audit: Audit

    package init(_ right: Right, _ runs: Runs, operation: String, audit: Audit) {
        (self.right, self.runs, self.operation, self.audit) = (right, runs, operation, audit)
    }

    /// Nothing is needed.
    package static let nothing = AccessNeed(.none, .kept, operation: "", audit: .never)
}

/// A handler that says what each request needs. `AccessChecks` accepts only such handlers.
package protocol AccessNeeding: HTTPHandler {
    /// What a request needs. Called on the polling thread before `accept` and once more after the reply: must not
    /// block.
    /// - Throws: if there is no such request; the error becomes the reply
    func need(of exchange: HTTPExchange) throws -> AccessNeed
}
