import Foundation
import TestSupport

/// Ways to have the server not start. Each is named as `docker/OPERATING.md` quotes what it says then.
enum StartFailure: String, CaseIterable {
    case outOfRange = "--… is …; it has to be from … to …"
    case unknownOption = "Unknown option '--…'"
    case invalidValue = "The value '…' is invalid for '--…'"
    case variable = "the environment variable RUNDIR_… is \"…\"; it has to be …"
    case noHost = "--allow-host is \"…\"; it has to be …"
    case noOrigin = "--allow-origin is \"…\"; it has to be …"
    case openToAll = "other machines reach this address, and there is no token…"
    case damagedTokens = "….rundir/tokens is damaged…"
    case portTaken = "cannot listen on … port …: Address already in use"
    case foreignAddress = "cannot listen on … port …: Cannot assign requested address"
    case lowPort = "cannot listen on … port …: Permission denied"
    case inherited = "LISTEN_FDS: descriptor … is no socket that listens; …"
    case socketTaken = "cannot listen on unix:…: another program listens there"
    case socketKind = "cannot listen on unix:…: there is a file of another kind"
    case certificateMissing = "the TLS … … cannot be read: …"
    case certificateDamaged = "the TLS … … is not in PEM form …"
    case keyEncrypted = "the TLS key … is encrypted; …"
    case keyMismatch = "the TLS key … is not that of the certificate …"
    case keyWeak = "the TLS key … is too short; …"
    case unknownHost = "…: Name or service not known"
    case taken = "the runs directory … belongs to another rundir server (process …)"
    case noFolder = "cannot open the runs directory …: mkdir …: Permission denied"
    case noFile = "cannot open the runs directory …: open …: Permission denied"
    case readOnly = "cannot open the runs directory …: mkdir …: Read-only file system"
    case notADirectory = "cannot open the runs directory …: mkdir …: Not a directory"
    case noRoom = "cannot open the runs directory …: mkdir …: No space left on device"
    case damagedJournal = "cannot open the runs directory …: journal segment … is damaged at byte …"
    case fewDescriptors = "only … files may be open; …"
    case faultyDescription = "….json:…: …"
    case notExecutable = "…: it is not executable; chmod +x it…"
    case standardType = "the type \"…\" has a writer already"
    case noWriters = "…: cannot be read: No such file or directory"
    case noArtifacts = "--artifacts: …"

    /// What the page lists and no test brings about.
    static let untried = [
        // Needs a name server that does not answer.
        "…: Temporary failure in name resolution",
        // Which call meets a low limit first is up to the threads.
        "libmicrohttpd cannot start …",
        // Needs a database (`ArtifactServersTests`).
        "cannot use the store of artifacts: s3://…",
        // Needs another machine, and systemd.
        "error while loading shared libraries: …", "status=226/NAMESPACE", "status=218/CAPABILITIES",
    ]

    /// Whether the port 80 is kept from others than root (ip(7)).
    static let hasLowPorts: Bool = {
        let limit = contents(of: "/proc/sys/net/ipv4/ip_unprivileged_port_start") ?? Array("1024".utf8)
        let digits = String(decoding: limit, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return (Int(digits) ?? 0) > 80
    }()

    var needsMount: Bool { self == .readOnly || self == .noRoom }

    /// The exit status: 64 for settings that cannot be read.
    var status: Int32 {
        switch self {
        case .outOfRange, .unknownOption, .invalidValue, .variable, .noHost, .noOrigin, .openToAll, .noArtifacts: 64
        default: 1
        }
    }

    /// Starts a server that fails so.
    func provoke() throws -> Command {
        let folder = TemporaryFolder()
        let runs = "\(folder.path)/runs"
        switch self {
        case .outOfRange: return try start(runs, "--port", "99999")
        case .unknownOption: return try start(runs, "--prot", "0")
        case .invalidValue: return try start(runs, "--log-level", "loud")
        case .variable: return try start(runs, by: ["env", "RUNDIR_PORT=http"])
        case .noHost: return try start(runs, "--allow-host", "example.org:80")
        case .noOrigin: return try start(runs, "--allow-origin", "dash.example.org")
        case .openToAll: return try start(runs, "--host", "0.0.0.0")
        case .damagedTokens:
            folder.write("runs/.rundir/tokens", "{")
            return try start(runs)
        case .portTaken:
            let other = try Server(runs: "\(folder.path)/other")
            return try withExtendedLifetime(other) { try start(runs, "--port", "\(other.port)") }
        // Of a network that is nobody's (RFC 5737).
        case .foreignAddress: return try start(runs, "--host", "192.0.2.1", "--no-auth")
        case .lowPort: return try start(runs, "--port", "80", by: Self.withoutCapabilities)
        case .inherited:
            return try start(
                runs, by: ["sh", "-c", "export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\" 3</dev/null", "sh"])
        case .socketTaken:
            let other = try Server(runs: "\(folder.path)/other", "--listen", "unix:\(folder.path)/socket")
            return try withExtendedLifetime(other) { try start(runs, "--listen", "unix:\(folder.path)/socket") }
        case .socketKind:
            folder.write("socket", "")
            return try start(runs, "--listen", "unix:\(folder.path)/socket")
        case .certificateMissing: return try startWithTLS(runs, folder)
        case .certificateDamaged:
            folder.write("c.pem", "damaged")
            folder.write("k.pem", "damaged")
            return try startWithTLS(runs, folder)
        case .keyEncrypted:
            try makePair(folder, "ec -pkeyopt ec_paramgen_curve:P-256 -passout pass:secret")
            return try startWithTLS(runs, folder)
        case .keyMismatch:
            try makePair(folder)
            try Command.succeed("cp", "c.pem", "first.pem", directory: folder.path)
            try makePair(folder)
            try Command.succeed("cp", "first.pem", "c.pem", directory: folder.path)
            return try startWithTLS(runs, folder)
        case .keyWeak:
            try makePair(folder, "rsa:1024 -nodes")
            return try startWithTLS(runs, folder)
        // No name server is asked for this.
        case .unknownHost: return try start(runs, "--host", "a..b", "--no-auth")
        case .taken:
            let owner = try Server(runs: runs)
            return try withExtendedLifetime(owner) { try start(runs, "--port", "0") }
        case .noFolder:
            try Command.succeed("mkdir", "--mode=0500", runs)
            return try start(runs, by: Self.withoutCapabilities)
        case .noFile:
            try Server(runs: runs).terminate()
            try Command.succeed("chmod", "0400", "\(runs)/.rundir/lock")
            return try start(runs, by: Self.withoutCapabilities)
        case .readOnly:
            let disk = try SmallDisk(bytes: 1 << 20)
            try disk.makeReadOnly()
            return try withExtendedLifetime(disk) { try start("\(disk.path)/runs") }
        case .noRoom:
            let disk = try SmallDisk(bytes: 1 << 20, inodes: 1)
            return try withExtendedLifetime(disk) { try start("\(disk.path)/runs") }
        case .notADirectory:
            folder.write("runs", "")
            return try start(runs)
        case .damagedJournal:
            let journal = "\(runs)/.rundir/journal"
            try crashedServer(runs)
            let segment = try FileManager.default.contentsOfDirectory(atPath: journal).sorted()[0]
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: "\(journal)/\(segment)"))
            try file.write(contentsOf: Data([0]))
            try file.close()
            return try start(runs)
        case .fewDescriptors: return try start(runs, by: ["prlimit", "--nofile=40:40"])
        case .faultyDescription:
            folder.write("writers/images.json", "{\n")
            return try start(runs, "--writers", "\(folder.path)/writers")
        case .notExecutable:
            folder.write("writers/images", "#!/bin/sh\n")
            return try start(runs, "--writers", "\(folder.path)/writers")
        case .standardType:
            folder.write("writers/flags", "#!/bin/sh\n")
            try Command.succeed("chmod", "+x", "\(folder.path)/writers/flags")
            return try start(runs, "--writers", "\(folder.path)/writers")
        case .noWriters: return try start(runs, "--writers", "\(folder.path)/writers")
        case .noArtifacts: return try start(runs, "--store", "postgres://localhost/none", "--artifacts", "nothing")
        }
    }

    /// Takes from root what lets it pass over rights (capabilities(7)); others have nothing to be taken.
    private static let withoutCapabilities =
        geteuid() == 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : []

    private func start(_ runs: String, _ options: String..., by words: [String] = []) throws -> Command {
        let port = options.contains("--port") || words.first == "env" ? [] : ["--port", "0"]
        return try Command(arguments: words + [Server.executable, "serve", "--runs", runs] + port + options)
    }

    private func startWithTLS(_ runs: String, _ folder: TemporaryFolder) throws -> Command {
        try start(runs, "--tls-certificate", "\(folder.path)/c.pem", "--tls-key", "\(folder.path)/k.pem")
    }

    /// Makes a certificate and its key with openssl(1).
    private func makePair(
        _ folder: TemporaryFolder, _ key: String = "ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    ) throws {
        try Command.succeed(
            "sh", "-c", "openssl req -x509 -newkey \(key) -keyout k.pem -out c.pem -days 30 -subj /CN=localhost",
            directory: folder.path)
    }

    /// Leaves a journal with two writes.
    private func crashedServer(_ runs: String) throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        _ = try client.send("PUT", "/runs/run")
        _ = try client.sendJSON("POST", "/runs/run/metadata/flags", #"{"lr": 1}"#)
        try server.crash()
    }
}
