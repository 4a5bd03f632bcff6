import Access
import Glibc
import HTTPServer
import Logging
import Synchronization
import Threads

/// Keeps the server's certificate current. It is read again when its files change and on SIGHUP; one that the server
/// made is renewed. After a fault, the previous certificate remains in use.
final class CertificateWatch: Sendable {
    let credentials: TLSCredentials
    private let files: TLSFiles
    private let selfSigned: SelfSignedFiles?
    private let log = Logger(label: "tls")

    private struct State {
        /// The files when they were last read, and when they were last checked.
        var read: TLSFiles.Version
        var seen: TLSFiles.Version
        /// Seconds since 1970.
        var nextWarning = 0
    }

    private let state: Mutex<State>
    private let stopped = Gate()
    private let thread = Mutex<Thread?>(nil)

    /// Seconds between two checks of the files, and between two warnings.
    private static let interval = 5.0, warningInterval = 86_400

    /// Reads the certificate; nil if the options do not name one.
    init?(_ options: ServeOptions) throws {
        switch try options.tls.source() {
        case .none: return nil
        case .files(let files): (self.files, selfSigned) = (files, nil)
        case .selfSigned:
            let made = Self.selfSigned(options)
            (files, selfSigned) = (made.files, made)
        }
        var version = files.version
        let identity: TLSIdentity
        if let selfSigned {
            identity = try selfSigned.renew(now: time(nil))
            version = files.version
        } else {
            identity = try files.load()
        }
        credentials = TLSCredentials(identity)
        state = Mutex(State(read: version, seen: version))
        warn()
    }

    /// The pin for clients; nil if the server did not make the certificate itself.
    var pinToTell: String? { selfSigned == nil ? nil : credentials.current.pin }

    /// Begins to check the files.
    func start() {
        let watching = Thread(named: "certificate") { [self] in
            while !stopped.wait(seconds: Self.interval) { look() }
        }
        thread.withLock { $0 = watching }
    }

    func stop() {
        stopped.open()
        thread.withLock { thread in
            thread?.join()
            thread = nil
        }
    }

    /// Reads the files now.
    func reload() {
        let version = files.version
        state.withLock { $0.read = version }
        read()
    }

    /// Reads files that have changed and then stayed the same between two checks: a certificate and its key are
    /// replaced one after the other.
    private func look() {
        let version = files.version
        let mustRead = state.withLock { state in
            defer { state.seen = version }
            guard version != state.read, version == state.seen else { return false }
            state.read = version
            return true
        }
        if mustRead { read() }
        if let renewed = try? selfSigned?.renew(now: time(nil)), renewed.ends != credentials.current.ends {
            credentials.replace(by: renewed)
        }
        warn()
    }

    private func read() {
        do {
            let identity = try selfSigned?.renew(now: time(nil)) ?? files.load()
            credentials.replace(by: identity)
            log.notice("the certificate was read again; its key is \(identity.pin)")
            state.withLock { $0.nextWarning = 0 }
            warn()
        } catch {
            log.error("the previous certificate stays in use: \(error)")
        }
    }

    /// Warns once a day of questionable settings of the certificate.
    private func warn() {
        let now = time(nil)
        let isDue = state.withLock { state in
            guard now >= state.nextWarning else { return false }
            state.nextWarning = now + Self.warningInterval
            return true
        }
        guard isDue else { return }
        for warning in files.warnings(about: credentials.current, now: now) { log.warning("\(warning)") }
    }

    // MARK: The names of a self-made certificate

    private static func selfSigned(_ options: ServeOptions) -> SelfSignedFiles {
        let machine = MachineNames.system
        let given = options.allowedHosts + [options.host] + options.listening.hosts
        var found = machine.addresses() ?? []
        found.formUnion((["127.0.0.1", "::1"] + given).compactMap { address($0) })
        let addresses = found.sorted { $0.lexicographicallyPrecedes($1) }
        let names = Self.names(["localhost", machine.name()] + given)
        return SelfSignedFiles(
            folder: "\(options.runs)/.rundir/tls", required: SelfSignedFiles.Names(names: names, addresses: addresses)
        ) {
            SelfSignedFiles.Names(names: Self.names(names + machine.fullNames()), addresses: addresses)
        }
    }

    /// The texts that are names, without duplicates.
    private static func names(_ texts: [String]) -> [String] {
        var names: [String] = []
        for text in texts {
            let isBelow = text.hasPrefix("*.")
            guard case .name(let name)? = Authority(text.dropFirst(isBelow ? 2 : 0).utf8)?.host else { continue }
            let whole = isBelow ? "*.\(name)" : name
            if !names.contains(whole) { names.append(whole) }
        }
        return names
    }

    private static func address(_ text: String) -> [UInt8]? {
        let authority = Authority(text.utf8) ?? Authority("[\(text)]".utf8)
        guard case .address(let bytes)? = authority?.host else { return nil }
        return bytes
    }
}
