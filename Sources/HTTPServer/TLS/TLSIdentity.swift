internal import CGnuTLS
internal import Glibc

/// A server's certificate with its chain, and its key, for TLS connections.
package final class TLSIdentity: @unchecked Sendable {
    // Sendable: nothing changes after init; handshakes only read GnuTLS's credentials.

    /// What is wrong with a certificate and a key.
    package enum Failure: Error, Equatable {
        case noCertificate, noKey, encryptedKey, mismatch, weakKey, unusable
    }

    let pointer: OpaquePointer
    /// The start and end of the certificate's validity, seconds since 1970.
    package let begins: Int
    package let ends: Int
    /// The certificate's public key, as `curl --pinnedpubkey` takes it: `sha256//` and base64.
    package let pin: String

    /// - Parameters:
    ///   - certificate: PEM, with the certificates of its issuers
    ///   - key: PEM, not encrypted
    package init(certificate: [UInt8], key: [UInt8]) throws(Failure) {
        var facts = cgnutls_facts()
        var fault = CGNUTLS_GOOD
        let made = cgnutls_identity_make(certificate, certificate.count, key, key.count, &facts, &fault)
        guard let made else {
            switch fault {
            case CGNUTLS_NO_CERTIFICATE: throw .noCertificate
            case CGNUTLS_NO_KEY: throw .noKey
            case CGNUTLS_ENCRYPTED_KEY: throw .encryptedKey
            case CGNUTLS_MISMATCH: throw .mismatch
            case CGNUTLS_WEAK_KEY: throw .weakKey
            default: throw .unusable
            }
        }
        pointer = made
        (begins, ends) = (Int(facts.begins), Int(facts.ends))
        pin = "sha256//\(Base64.encode(withUnsafeBytes(of: facts.pin) { Array($0) }))"
    }

    deinit { cgnutls_identity_free(pointer) }
}
