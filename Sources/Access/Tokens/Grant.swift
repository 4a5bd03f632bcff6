package import HTTPServer
package import RunMetadata
internal import Synchronization

/// What the sender of a request may do, with a token or without.
package final class Grant: Sendable {
    /// Nil: no token was needed, or none was sent.
    package let token: Token?
    package let right: Right
    package let scope: RunScope
    private let revoked = Atomic<Bool>(false)
    /// The second since 1970 of the last use; 0: unused since the server started.
    private let used = Atomic<Int>(0)

    /// Everything: if no tokens are needed.
    package static let full = Grant(right: .admin)
    /// Reading all runs: with `--public-read`.
    package static let reader = Grant(right: .read)
    /// Only what needs no token.
    package static let nobody = Grant(right: .none)

    private init(right: Right) {
        (token, scope) = (nil, .all)
        self.right = right
    }

    package init(_ token: Token) {
        self.token = token
        (right, scope) = (token.right, token.scope)
    }

    /// Whether it still holds: its token was not revoked and has not expired.
    package func holds(at now: Double) -> Bool {
        !revoked.load(ordering: .relaxed) && token?.hasExpired(at: now) != true
    }

    /// Checks whether the grant covers a request.
    /// - Throws: if it needs more than its sender may do
    func cover(_ need: AccessNeed) throws(AccessRefusal) {
        guard right >= need.right else {
            if token == nil { throw .noToken }
            throw .lacksRight(needed: need.right, has: right)
        }
        guard scope.isLimited else { return }
        switch need.runs {
        case .kept, .named(nil): break
        case .named(let run?): if !scope.allows(run) { throw .outOfScope(run: run, scope: scope.words) }
        case .made: throw .madeID(scope: scope.words)
        case .all: throw .allRuns(scope: scope.words)
        }
    }

    func revoke() { revoked.store(true, ordering: .relaxed) }
    func noteUse(at now: Double) { used.store(Int(now), ordering: .relaxed) }

    /// When it was last used since the server started; nil: not yet.
    var lastUse: Double? {
        let seconds = used.load(ordering: .relaxed)
        return seconds == 0 ? nil : Double(seconds)
    }
}

extension HTTPExchange {
    /// What the sender may do; everything if no access check precedes the handlers.
    package var grant: Grant { (identity as? Grant) ?? .full }

    /// For a handler that itself finds which runs a request is about.
    /// - Throws: if the sender's token is limited to other runs
    package func requireScope(of run: RunID) throws(AccessRefusal) {
        let scope = grant.scope
        if !scope.allows(run) { throw .outOfScope(run: run.description, scope: scope.words) }
    }
}
