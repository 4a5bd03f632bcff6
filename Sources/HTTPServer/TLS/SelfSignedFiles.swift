internal import CGnuTLS
internal import Glibc

/// A certificate that the server makes for itself, and its key, kept in a folder of their own.
///
/// The key stays the same when the certificate is renewed, and with it what clients pin (`TLSIdentity.pin`).
package struct SelfSignedFiles: Sendable {
    /// Names and addresses of a server.
    package struct Names: Sendable {
        /// Host names, which may begin with `*.`.
        package var names: [String]
        /// 16 bytes each; IPv4 as `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2).
        package var addresses: [[UInt8]]

        package init(names: [String], addresses: [[UInt8]]) { (self.names, self.addresses) = (names, addresses) }
    }

    private let folder: String
    /// Names that the certificate must have, and all names that a new one gets.
    private let required: Names
    private let all: @Sendable () -> Names

    /// How long a certificate is valid, and how long before its end it is replaced, seconds.
    private static let lifetime = 365 * 86_400, notice = 30 * 86_400
    /// How far a client's clock may be behind, seconds.
    private static let tolerance = 86_400

    /// - Parameters:
    ///   - folder: created if missing, for its owner only
    ///   - required: names and addresses; a certificate that lacks one is replaced
    ///   - all: the names and addresses of a new certificate; may take long
    package init(folder: String, required: Names, all: @escaping @Sendable () -> Names) {
        (self.folder, self.required, self.all) = (folder, required, all)
    }

    package var files: TLSFiles { TLSFiles(certificate: "\(folder)/certificate.pem", key: "\(folder)/key.pem") }

    /// Makes what is missing, damaged, about to expire, or lacks a required name.
    /// - Parameter now: seconds since 1970
    /// - Returns: the identity that is then in the folder
    package func renew(now: Int) throws(TLSFiles.Failure) -> TLSIdentity {
        if let identity = try? files.load(), identity.ends - now > Self.notice, identity.begins <= now,
            let certificate = Self.content(files.certificate), covers(certificate)
        {
            return identity
        }
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw Self.failure("create", folder) }
        let key: [UInt8]
        if let kept = Self.content(files.key), Self.isKey(kept) {
            key = kept
        } else {
            guard let made = Self.text(cgnutls_key_make()) else { throw Self.failure("make a key for", folder) }
            key = made
            try Self.write(key, to: files.key)
        }
        let made = Self.with(all()) {
            cgnutls_certificate_make(key, key.count, $0, Int64(now - Self.tolerance), Int64(now + Self.lifetime))
        }
        guard let certificate = Self.text(made) else { throw Self.failure("make a certificate for", folder) }
        try Self.write(certificate, to: files.certificate)
        return try files.load()
    }

    private func covers(_ certificate: [UInt8]) -> Bool {
        Self.with(required) { cgnutls_certificate_covers(certificate, certificate.count, $0) }
    }

    private static func isKey(_ content: [UInt8]) -> Bool {
        let names = Names(names: ["localhost"], addresses: [])
        let made = with(names) { cgnutls_certificate_make(content, content.count, $0, 0, 1) }
        defer { free(made) }
        return made != nil
    }

    /// Copies a C string, and frees it.
    private static func text(_ characters: UnsafeMutablePointer<CChar>?) -> [UInt8]? {
        guard let characters else { return nil }
        defer { free(characters) }
        return Array(String(cString: characters).utf8)
    }

    private static func with<Result>(_ names: Names, _ body: (UnsafePointer<cgnutls_names>) -> Result) -> Result {
        let texts = names.names.map { strdup($0) }
        defer { for text in texts { free(text) } }
        let pointers = texts.map { UnsafePointer($0) }
        let addresses = names.addresses.flatMap { $0 }
        return pointers.withUnsafeBufferPointer { pointers in
            addresses.withUnsafeBufferPointer { addresses in
                var all = cgnutls_names(
                    names: pointers.baseAddress, name_count: pointers.count, addresses: addresses.baseAddress,
                    address_count: addresses.count / 16)
                return body(&all)
            }
        }
    }

    private static func failure(_ verb: String, _ path: String) -> TLSFiles.Failure {
        TLSFiles.Failure(
            description: "--tls-self-signed: cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }

    private static func content(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : Array(bytes[..<count])
    }

    /// Writes a file that only its owner may read, whole or not at all (rename(2)).
    private static func write(_ content: [UInt8], to path: String) throws(TLSFiles.Failure) {
        let new = "\(path).new"
        unlink(new)
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("create", new) }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, content, content.count) == content.count, fsync(descriptor) == 0,
            rename(new, path) == 0
        else { throw failure("write", new) }
    }
}
