import Glibc
import Synchronization

/// A PostgreSQL server of Debian in a folder of its own, reached by a socket in it. It ends with the tests' process,
/// also if that is killed.
package final class PostgresServer: Sendable {
    /// One for all tests of a process that want a database each.
    package static let shared = Result { try PostgresServer() }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private static let programs = "/usr/lib/postgresql/15/bin"
    /// The folder with the socket, the data and the log.
    package var path: String { folder.path }
    private let folder: TemporaryFolder
    private let made = Atomic<Int>(0)
    private let shell = Mutex<TiedShell?>(nil)
    private let settings: [String]

    /// Makes a database cluster and starts its server.
    /// - Parameters:
    ///   - settings: further ones, as `work_mem=1MB`
    ///   - options: further ones of initdb
    package convenience init(_ settings: String..., options: [String] = []) throws {
        try self.init(settings) { data in
            let words = ["initdb", "-D", data, "-U", "rundir", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
            return words + options
        }
    }

    /// Makes a standby, which has what another server has as soon as that has it (streaming replication), and starts
    /// it.
    package convenience init(standbyOf primary: PostgresServer) throws {
        try self.init([]) { data in
            let words = ["pg_basebackup", "-D", data, "-h", primary.path, "-U", "rundir", "--write-recovery-conf"]
            return words + ["--checkpoint=fast", "--no-sync"]
        }
    }

    /// - Parameter making: the words that make a folder of data, a program of PostgreSQL's first
    private init(_ settings: [String], making: (String) -> [String]) throws {
        self.settings = settings
        folder = TemporaryFolder()
        // initdb and postgres refuse to be run by root.
        if geteuid() == 0 { Self.giveToUser(folder.path) }
        let words = making("\(folder.path)/data")
        let made = try Command(arguments: Self.user + ["\(Self.programs)/\(words[0])"] + words.dropFirst())
        guard made.ending == .exited(0) else { throw Failure(description: "\(words[0]): \(made.errors)") }
        try start()
    }

    deinit { stop() }

    /// The words that run a program as another user, if root runs the tests.
    private static var user: [String] {
        guard geteuid() == 0 else { return [] }
        let name = getpwnam("postgres") != nil ? "postgres" : "nobody"
        return ["setpriv", "--reuid=\(name)", "--regid=\(getpwnam(name) != nil ? name : "nogroup")", "--clear-groups"]
    }

    /// Lets the server's user write into a folder.
    package static func giveToUser(_ path: String) {
        guard let user = getpwnam("postgres") ?? getpwnam("nobody") else { return }
        chown(path, user.pointee.pw_uid, user.pointee.pw_gid)
    }

    // MARK: Starting and ending

    /// Starts the server, and waits until it takes connections.
    package func start() throws {
        for name in ["ended", "kept"] { unlink("\(folder.path)/\(name)") }
        // After a crash, a server cannot start before the last process of the one before has ended. The folder is
        // removed here too: a test process that is killed, or ends, removes nothing.
        let script = """
            folder=$1; shift
            (until "$@" >>"$folder/log" 2>&1 || [ -e "$folder/ended" ]; do sleep 0.1; done) &
            read -r _
            touch "$folder/ended"
            kill -QUIT $(head -n 1 "$folder/data/postmaster.pid") 2>/dev/null
            wait
            [ -e "$folder/kept" ] || rm -rf "$folder"
            """
        // No syncs: the tests kill processes, not machines.
        let settings =
            [
                "fsync=off", "full_page_writes=off", "listen_addresses=", "unix_socket_directories=\(folder.path)",
                "max_connections=300", "shared_buffers=64MB", "autovacuum=off", "log_min_messages=error",
                "log_line_prefix=%d: ",
            ] + self.settings
        let started = try TiedShell(
            script,
            [folder.path] + Self.user + ["\(Self.programs)/postgres", "-D", "\(folder.path)/data"]
                + settings.flatMap { ["-c", $0] },
            log: "/dev/null")
        shell.withLock { $0 = started }
        guard eventually(within: 60, { (try? sql("SELECT 1")) != nil }) else {
            throw Failure(description: "PostgreSQL has not started: \(log)")
        }
    }

    /// Ends the server as a crash would, with all its processes, at once.
    /// - Parameter signal: what its first process gets; SIGQUIT: an immediate stop
    package func kill(_ signal: CInt = SIGKILL) {
        let first = folder.text("data/postmaster.pid")?.split(separator: "\n").first
        guard let id = first.flatMap({ pid_t($0) }) else { return }
        for name in ["ended", "kept"] { folder.write(name, "") }
        Glibc.kill(id, signal)
        endShell()
    }

    private func endShell() {
        let started = shell.withLock { shell in
            defer { shell = nil }
            return shell
        }
        started?.end()
    }

    private func stop() { endShell() }

    /// What it has written to its log: errors, with the database in front.
    package var log: String { folder.text("log") ?? "" }

    /// Whether it has reported an error of a session on a database.
    package func hasReported(_ error: String, in database: String) -> Bool {
        log.split(separator: "\n").contains { $0.hasPrefix("\(database): ") && $0.contains(error) }
    }

    // MARK: Databases

    /// The words of psql on a database.
    func psql(_ database: String) -> [String] {
        ["\(Self.programs)/psql", "-h", folder.path, "-U", "rundir", "-d", database, "-XAtq"]
    }

    /// Runs SQL.
    @discardableResult
    package func sql(_ text: String, in database: String = "postgres") throws -> String {
        let command = try Command(arguments: psql(database) + ["-c", text])
        guard command.ending == .exited(0) else { throw Failure(description: command.errors) }
        return String(decoding: command.output, as: UTF8.self)
    }

    /// Changes a setting of the server, for sessions that are there too (ALTER SYSTEM).
    /// - Parameter value: as SQL has it; nil: the default
    package func set(_ name: String, to value: String?) throws {
        try sql("ALTER SYSTEM " + (value.map { "SET \(name) = \($0)" } ?? "RESET \(name)"))
        try sql("SELECT pg_reload_conf()")
    }

    /// Makes an empty database.
    /// - Returns: its name
    package func makeDatabase(like template: String = "template0", tablespace: String = "pg_default") throws -> String {
        let name = "t\(made.wrappingAdd(1, ordering: .relaxed).newValue)"
        try sql("CREATE DATABASE \(name) TEMPLATE \(template) TABLESPACE \(tablespace)")
        return name
    }

    /// The address of a database, for `--store`.
    package func address(of database: String) -> String { Self.address(of: database, in: [path]) }

    /// The address of a database by the folder of a socket, or of several with a comma between, of which one takes
    /// writes.
    package static func address(of database: String, in folders: [String]) -> String {
        "postgres://rundir@/\(database)?host=\(folders.joined(separator: ","))"
            + (folders.count > 1 ? "&target_session_attrs=read-write" : "")
    }
}
