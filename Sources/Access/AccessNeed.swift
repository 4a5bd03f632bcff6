package import HTTPServer

/// What a request needs, as the handler says that it is for.
package final class AccessNeed: Sendable {
    /// The runs that a request is about.
    package enum Runs: Sendable {
        /// None, or only those that the sender may use: the handler keeps to the grant's scope.
        case kept
        /// This one; nil: the one that is active in the sender's session, which is in the grant's scope.
        case named(String?)
        /// One whose id the server makes.
        case made
        /// All: for tokens without limits.
        case all
    }

    /// Which requests the audit log has.
    package enum Audit: Sendable {
        /// Reads: none.
        case never
        case each
        /// The first of each minute for a token and a run: rows of metrics.
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

/// A handler that says what each request needs. Only such a one can stand behind the checks of access.
package protocol AccessNeeding: HTTPHandler {
    /// What a request needs. Called on the polling thread before `accept` and once more after the reply: must not
    /// block.
    /// - Throws: where there is no such request; the error becomes the reply
    func need(of exchange: HTTPExchange) throws -> AccessNeed
}
