internal import Synchronization

/// What TLS connections begin with: an identity that can be replaced while the server runs. Connections that are there
/// keep their session.
package final class TLSCredentials: Sendable {
    private let identity: Mutex<TLSIdentity>

    package init(_ identity: TLSIdentity) { self.identity = Mutex(identity) }

    package var current: TLSIdentity { identity.withLock { $0 } }

    package func replace(by new: TLSIdentity) { identity.withLock { $0 = new } }
}
