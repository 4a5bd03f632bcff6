import Glibc
import HTTPServer
import TestSupport
import Testing

/// Certificates and keys in files.
@Suite struct TLSFilesTests {
    private let folder = TemporaryFolder()
    private let now = time(nil)

    private var files: TLSFiles { TLSFiles(certificate: "\(folder.path)/c.pem", key: "\(folder.path)/k.pem") }

    /// Makes a certificate and its key with openssl(1).
    private func make(
        _ names: (certificate: String, key: String) = ("c.pem", "k.pem"),
        key: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        days: Int = 30
    ) throws {
        try Command.succeed(
            "sh", "-c",
            """
            openssl req -x509 -newkey \(key.joined(separator: " ")) -nodes -keyout \(names.key) -out \(names.certificate) \
            -days \(days) -subj /CN=localhost
            """, directory: folder.path)
    }

    @Test(arguments: [
        ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], ["rsa:2048"],
        ["ed25519"],
    ])
    func pairOfAnyUsualKindIsRead(key: [String]) throws {
        try make(key: key)
        let identity = try files.load()
        #expect(abs(identity.ends - now - 30 * 86_400) < 3600)
        #expect(files.warnings(about: identity, now: time(nil)) == [])
    }

    @Test func pinIsWhatCurlCompares() throws {
        try make()
        let pin = try Command.succeed(
            "sh", "-c",
            "openssl x509 -in c.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary "
                + "| openssl base64 -A", directory: folder.path)
        #expect(try files.load().pin == "sha256//" + String(decoding: pin, as: UTF8.self))
    }

    private func failure() -> String { failure(of: files) }

    private func failure(of files: TLSFiles) -> String {
        do throws(TLSFiles.Failure) {
            _ = try files.load()
            return "none"
        } catch {
            return error.description.replacing("\(folder.path)/", with: "")
        }
    }

    @Test func whatIsWrongIsSaidInWords() throws {
        #expect(failure() == "the TLS certificate c.pem cannot be read: No such file or directory")
        try make()
        unlink("\(folder.path)/k.pem")
        #expect(failure() == "the TLS key k.pem cannot be read: No such file or directory")
        folder.write("k.pem", "no key")
        #expect(failure().hasPrefix("the TLS key k.pem is not in PEM form"))
        try make(("other.pem", "k.pem"))
        #expect(failure() == "the TLS key k.pem is not that of the certificate c.pem")
        try Command.succeed(
            "openssl", "pkey", "-in", "k.pem", "-aes256", "-passout", "pass:secret", "-out", "e.pem",
            directory: folder.path)
        #expect(
            failure(of: TLSFiles(certificate: files.certificate, key: "\(folder.path)/e.pem")).hasPrefix(
                "the TLS key e.pem is encrypted; decrypt it: openssl pkey -in e.pem"))
        try make(key: ["rsa:1024"])
        #expect(failure() == "the TLS key k.pem is too short; clients refuse RSA keys under 2048 bits")
        folder.write("c.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        #expect(failure().hasPrefix("the TLS certificate c.pem is not in PEM form"))
    }

    @Test func questionableIsWarnedAbout() throws {
        try make()
        let identity = try files.load()
        func warning(at day: Int) -> String? { files.warnings(about: identity, now: now + day * 86_400).first }
        #expect(warning(at: 10) == nil)
        #expect(warning(at: 20)?.contains("expires in 10 days") == true)
        #expect(warning(at: 31)?.contains("has expired") == true)
        #expect(warning(at: -2)?.contains("is not valid before") == true)
        chmod(files.key, 0o644)
        #expect(warning(at: 0)?.hasPrefix("every user of this machine may read the key") == true)
        chmod(files.key, 0o640)
        #expect(warning(at: 0) == nil)
    }

    @Test func versionTellsThatAFileWasReplacedOrRewritten() throws {
        try make()
        let first = files.version
        #expect(files.version == first)
        folder.write("new.pem", folder.text("k.pem") ?? "")
        rename("\(folder.path)/new.pem", files.key)
        let second = files.version
        #expect(second != first)
        folder.write("c.pem", folder.text("c.pem") ?? "")
        #expect(files.version != second)
        unlink(files.key)
        #expect(files.version != second)
    }
}

/// Certificates that the server makes.
@Suite struct SelfSignedFilesTests {
    private let folder = TemporaryFolder()
    private let now = time(nil)

    @Test func filesAreForTheirOwnerOnly() throws {
        let made = Transport.selfSigned(in: folder)
        _ = try made.renew(now: now)
        for path in ["\(folder.path)/tls", made.files.key, made.files.certificate] {
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(path)")
        }
        #expect(made.files.warnings(about: try made.files.load(), now: now) == [])
    }

    @Test func certificateIsKeptUntilItIsAboutToExpire() throws {
        let made = Transport.selfSigned(in: folder)
        let first = try made.renew(now: now)
        let content = folder.read("tls/certificate.pem")
        #expect(try made.renew(now: now + 300 * 86_400).ends == first.ends)
        #expect(folder.read("tls/certificate.pem") == content)
        let next = try made.renew(now: now + 340 * 86_400)
        #expect(next.ends == first.ends + 340 * 86_400)
        #expect(next.pin == first.pin, "the key stays")
    }

    @Test(arguments: ["certificate.pem", "key.pem"])
    func whatIsDamagedIsMadeAnew(name: String) throws {
        let made = Transport.selfSigned(in: folder)
        let first = try made.renew(now: now)
        folder.write("tls/\(name)", "damaged")
        let second = try made.renew(now: now)
        #expect((second.pin == first.pin) == (name == "certificate.pem"))
    }

    @Test func nameThatIsMissingMakesAnotherOfTheSameKey() throws {
        let first = try Transport.selfSigned(in: folder).renew(now: now)
        let names = ["localhost", "runs.example.org", "*.lab.example"]
        let second = try Transport.selfSigned(in: folder, names: names).renew(now: now)
        #expect(second.pin == first.pin)
        let text = String(
            decoding: try Command.succeed(
                "openssl", "x509", "-in", "\(folder.path)/tls/certificate.pem", "-noout", "-text"), as: UTF8.self)
        for part in ["DNS:localhost", "DNS:runs.example.org", "DNS:*.lab.example", "IP Address:127.0.0.1", "CA:FALSE"] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        let content = folder.read("tls/certificate.pem")
        _ = try Transport.selfSigned(in: folder, names: names).renew(now: now)
        #expect(folder.read("tls/certificate.pem") == content, "and no other one after that")
    }

    @Test func pythonTrustsItWhereItIsToldTo() throws {
        let made = Transport.selfSigned(in: folder)
        let identity = try made.renew(now: now)
        let workers = Workers(threads: 1)
        let server = try HTTPServer(
            sockets: [ListeningSocket(host: "127.0.0.1", port: 0)], tls: TLSCredentials(identity),
            handler: FixtureHandler.make(), workers: workers)
        defer {
            server.stop()
            workers.stop()
        }
        let text = try Command.python(
            """
            import requests
            for host in "localhost", "127.0.0.1":
                print(requests.get(f"https://{host}:\(server.port)/", verify="tls/certificate.pem").text)
            """, directory: folder.path)
        #expect(String(decoding: text, as: UTF8.self) == "GET / \nGET / \n")
    }
}
