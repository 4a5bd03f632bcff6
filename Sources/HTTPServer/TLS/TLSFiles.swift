internal import Glibc

/// The files of a certificate and its key.
package struct TLSFiles: Sendable {
    /// The paths of two files in PEM form.
    package let certificate: String
    package let key: String

    /// Why they cannot be used, in words for the person who started the server.
    package struct Failure: Error, CustomStringConvertible, Equatable {
        package let description: String
    }

    /// Shows whether a file was replaced or rewritten (stat(2)).
    package struct Version: Equatable, Sendable {
        private var numbers: [Int] = []

        fileprivate mutating func add(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return numbers.append(-1) }
            let (changed, modified) = (status.st_ctim, status.st_mtim)
            numbers += [
                Int(truncatingIfNeeded: status.st_dev), Int(truncatingIfNeeded: status.st_ino), Int(status.st_size),
                changed.tv_sec, changed.tv_nsec,
                modified.tv_sec, modified.tv_nsec,
            ]
        }
    }

    package init(certificate: String, key: String) { (self.certificate, self.key) = (certificate, key) }

    package var version: Version {
        var version = Version()
        version.add(certificate)
        version.add(key)
        return version
    }

    /// Reads and checks both.
    package func load() throws(Failure) -> TLSIdentity {
        let certificate = try Self.read(self.certificate, "certificate")
        let key = try Self.read(self.key, "key")
        do throws(TLSIdentity.Failure) {
            return try TLSIdentity(certificate: certificate, key: key)
        } catch {
            throw Failure(description: description(of: error))
        }
    }

    /// Doubts about the identity in these files, in words for the operator's log.
    /// - Parameter now: seconds since 1970
    package func warnings(about identity: TLSIdentity, now: Int) -> [String] {
        var warnings: [String] = []
        let days = (identity.ends - now) / 86_400
        if now >= identity.ends {
            warnings.append(
                "the certificate \(certificate) has expired (\(HTTPDate.text(identity.ends))): clients refuse it")
        } else if days < Self.daysOfNotice {
            warnings.append("the certificate \(certificate) expires in \(days) days (\(HTTPDate.text(identity.ends)))")
        }
        if now < identity.begins {
            warnings.append(
                "the certificate \(certificate) is not valid before \(HTTPDate.text(identity.begins)): clients refuse it"
            )
        }
        var status = stat()
        if stat(key, &status) == 0, status.st_mode & 0o007 != 0 {
            warnings.append("every user of this machine may read the key \(key): chmod o= \(key)")
        }
        return warnings
    }

    /// How many days before its end a certificate is warned about.
    private static let daysOfNotice = 14

    /// The largest file that is read, bytes.
    private static let largest = 1 << 20

    private func description(of failure: TLSIdentity.Failure) -> String {
        switch failure {
        case .noCertificate:
            "the TLS certificate \(certificate) is not in PEM form (-----BEGIN CERTIFICATE-----), or is damaged"
        case .noKey: "the TLS key \(key) is not in PEM form (-----BEGIN PRIVATE KEY-----), or is damaged"
        case .encryptedKey:
            "the TLS key \(key) is encrypted; decrypt it: openssl pkey -in \(key) -out FILE"
        case .mismatch: "the TLS key \(key) is not that of the certificate \(certificate)"
        case .weakKey: "the TLS key \(key) is too short; clients refuse RSA keys under 2048 bits"
        case .unusable: "the TLS certificate \(certificate) or its key \(key) is of a kind that GnuTLS cannot use"
        }
    }

    private static func read(_ path: String, _ what: String) throws(Failure) -> [UInt8] {
        func failure() -> Failure {
            Failure(description: "the TLS \(what) \(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while content.count < largest {
            let count = Glibc.read(descriptor, &part, part.count)
            if count < 0 { throw failure() }
            if count == 0 { break }
            content += part[..<count]
        }
        return content
    }
}
