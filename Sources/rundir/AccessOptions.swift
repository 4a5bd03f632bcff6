import Access
import ArgumentParser
import Glibc
import LocalFiles
import Logging

/// Settings for access: tokens, other origins, the audit log.
struct AccessOptions: ParsableArguments {
    // An environment variable may make the default true. ArgumentParser has no flags with that default.
    @Flag(
        name: .customLong("no-auth"),
        help: "Ask no client for a token, on any address. [env: RUNDIR_NO_AUTH, true or false]")
    private var noAuthFlag = false

    @Flag(
        name: .customLong("public-read"),
        help: "Let all clients read without a token. [env: RUNDIR_PUBLIC_READ, true or false]")
    private var publicReadFlag = false

    private var noAuth: Bool { noAuthFlag || Environment.flag("RUNDIR_NO_AUTH") }
    private var publicRead: Bool { publicReadFlag || Environment.flag("RUNDIR_PUBLIC_READ") }

    @Option(
        name: .customLong("allow-origin"),
        help: ArgumentHelp(
            "Another origin whose pages may read, and write with a token in Authorization, as https://dash.example.org; "
                + "may be repeated; default: none. [env: RUNDIR_ALLOW_ORIGIN, separated by \",\"]", valueName: "origin")
    )
    var allowedOrigins: [String] = Environment.list("RUNDIR_ALLOW_ORIGIN", separator: ",")

    @Option(
        help: ArgumentHelp(
            "Requests a second with each token, 1 to 1000000; 0: no limit. [env: RUNDIR_MAX_REQUESTS_PER_TOKEN]",
            valueName: "count"))
    var maxRequestsPerToken = Environment.number("RUNDIR_MAX_REQUESTS_PER_TOKEN") ?? 0

    @Option(
        help: ArgumentHelp(
            "Requests a second without a token from each address, 1 to 1000000; 0: no limit. "
                + "[env: RUNDIR_MAX_REQUESTS_PER_ADDRESS]", valueName: "count"))
    var maxRequestsPerAddress = Environment.number("RUNDIR_MAX_REQUESTS_PER_ADDRESS") ?? 0

    @Option(
        help: ArgumentHelp(
            "Size at which the audit log begins a new file, 65536 to 1073741824 bytes. [env: RUNDIR_AUDIT_SIZE]",
            valueName: "bytes"))
    var auditSize = Environment.number("RUNDIR_AUDIT_SIZE") ?? AuditFolder.Limits().size

    @Option(
        help: ArgumentHelp(
            "Number of earlier audit log files to keep, 0 to 100000. [env: RUNDIR_AUDIT_KEEP]", valueName: "count"))
    var auditKeep = Environment.number("RUNDIR_AUDIT_KEEP") ?? AuditFolder.Limits().kept

    func validate() throws {
        for origin in allowedOrigins where OriginRule(origin) == nil {
            throw ValidationError("--allow-origin is \"\(origin)\"; \(OriginRule.rule)")
        }
        for (name, value) in [("token", maxRequestsPerToken), ("address", maxRequestsPerAddress)]
        where !(0...1_000_000).contains(value) {
            throw ValidationError("--max-requests-per-\(name) is \(value); it has to be from 0 to 1000000")
        }
        guard (65_536...1 << 30).contains(auditSize) else {
            throw ValidationError("--audit-size is \(auditSize); it has to be from 65536 to \(1 << 30)")
        }
        guard (0...100_000).contains(auditKeep) else {
            throw ValidationError("--audit-keep is \(auditKeep); it has to be from 0 to 100000")
        }
        if noAuth, publicRead {
            throw ValidationError(
                "--public-read says who may read without a token, but with --no-auth nobody needs one")
        }
    }

    var sharing: OriginSharing { OriginSharing(allowedOrigins.compactMap { OriginRule($0) }) }

    var rates: RequestRates {
        var limits = RequestRates.Limits()
        (limits.perToken, limits.perAddress) = (maxRequestsPerToken, maxRequestsPerAddress)
        return RequestRates(limits)
    }

    var auditLimits: AuditFolder.Limits {
        var limits = AuditFolder.Limits()
        (limits.size, limits.kept) = (auditSize, auditKeep)
        return limits
    }

    /// Reads the tokens of a runs directory.
    /// - Parameter isLocal: whether the server can be reached only from this machine
    /// - Throws: if others can reach it, there is no token, and `--no-auth` is not given
    func control(runs: String, isLocal: Bool) throws -> AccessControl {
        let file = TokenFile(runs: runs)
        var settings = AccessControl.Settings()
        (settings.isOff, settings.readsArePublic, settings.needsTokens) = (noAuth, publicRead, !isLocal)
        if !isLocal, !noAuth, try !file.read().contains(where: { !$0.hasExpired(at: wallClock()) }) {
            throw ValidationError(
                "other machines reach this address, and there is no token, so anybody could change runs; make one "
                    + "(rundir token create NAME --runs \(runs)), or say that nobody needs one (--no-auth, RUNDIR_NO_AUTH=true)"
            )
        }
        return try AccessControl(settings, file: file, clock: wallClock)
    }
}
