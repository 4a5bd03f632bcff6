import ArgumentParser
import HTTPServer

/// How connections over a network are encrypted.
struct TLSOptions: ParsableArguments {
    @Option(
        name: .customLong("tls-certificate"),
        help: ArgumentHelp(
            "A certificate in PEM form, followed by those of its issuers: connections over the network are "
                + "encrypted (TLS 1.2 and 1.3). It is read again when it changes, and on SIGHUP. [env: RUNDIR_TLS_CERTIFICATE]",
            valueName: "path"))
    var certificate: String?

    @Option(
        name: .customLong("tls-key"),
        help: ArgumentHelp(
            "The certificate's key, in PEM form, not encrypted. [env: RUNDIR_TLS_KEY]", valueName: "path"))
    var key: String?

    @Flag(
        name: .customLong("tls-self-signed"),
        help: ArgumentHelp(
            "Encrypt with a certificate that the server makes, kept in .rundir/tls of the runs directory; its pin for "
                + "curl --pinnedpubkey is printed. [env: RUNDIR_TLS_SELF_SIGNED=true]"))
    var selfSigned = false

    enum Source {
        case none
        case files(TLSFiles)
        case selfSigned
    }

    func source() throws -> Source {
        let files = (
            certificate ?? Environment.text("RUNDIR_TLS_CERTIFICATE"), key ?? Environment.text("RUNDIR_TLS_KEY")
        )
        let isSelfSigned = selfSigned || Environment.flag("RUNDIR_TLS_SELF_SIGNED")
        switch files {
        case (let certificate?, let key?) where !isSelfSigned:
            return .files(TLSFiles(certificate: certificate, key: key))
        case (nil, nil): return isSelfSigned ? .selfSigned : .none
        case (_?, _?):
            throw ValidationError("--tls-self-signed makes a certificate; --tls-certificate names one: choose")
        default:
            throw ValidationError("--tls-certificate and --tls-key go together; one of them is missing")
        }
    }

    func validate() throws { _ = try source() }
}
