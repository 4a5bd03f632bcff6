internal import Synchronization

/// The identity for TLS connections. It can be replaced while the server runs; existing connections keep their session.
package final class TLSCredentials: Sendable {
    private let identity: Mutex<TLSIdentity>

    package init(_ identity: TLSIdentity) { self.identity = Mutex(identity) }

    package var current: TLSIdentity { identity.withLock { $0 } }

    package func replace(by new: TLSIdentity) { identity.withLock { $0 = new } }
}
