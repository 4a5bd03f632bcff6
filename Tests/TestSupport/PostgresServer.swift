import Glibc
import Synchronization

/// A PostgreSQL server of Debian in a folder of its own, reached by a socket in it. It ends with the tests' process, also if that is
/// killed.
package final class PostgresServer: Sendable {
    /// One for all tests of a process that want a database each.
    package static let shared = Result { try PostgresServer() }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private static let programs = "/usr/lib/postgresql/15/bin"
    private let folder: TemporaryFolder
    private let made = Atomic<Int>(0)
    private let shell = Mutex<TiedShell?>(nil)

    /// Makes a database cluster and starts its server.
    package init() throws {
        folder = TemporaryFolder()
        // initdb and postgres refuse to be run by root.
        if geteuid() == 0, let user = getpwnam("postgres") ?? getpwnam("nobody") {
            chown(folder.path, user.pointee.pw_uid, user.pointee.pw_gid)
        }
        let made = try Command(
            arguments: Self.user + [
                "\(Self.programs)/initdb", "-D", data, "-U", "rundir", "-A", "trust", "-E", "UTF8", "--locale=C",
                "--no-sync",
            ])
        guard made.ending == .exited(0) else { throw Failure(description: "initdb: \(made.errors)") }
        try start()
    }

    deinit { stop() }

    private var data: String { "\(folder.path)/data" }

    /// The words that run a program as another user, if root runs the tests.
    private static var user: [String] {
        guard geteuid() == 0 else { return [] }
        let name = getpwnam("postgres") != nil ? "postgres" : "nobody"
        return ["setpriv", "--reuid=\(name)", "--regid=\(getpwnam(name) != nil ? name : "nogroup")", "--clear-groups"]
    }

    // MARK: Starting and ending

    /// Starts the server, and waits until it takes connections.
    package func start() throws {
        for name in ["ended", "kept"] { unlink("\(folder.path)/\(name)") }
        // After a crash, a server cannot start before the last process of the one before has ended. The folder is removed here too:
        // a test process that is killed, or ends, removes nothing.
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
        let settings = [
            "fsync=off", "full_page_writes=off", "listen_addresses=", "unix_socket_directories=\(folder.path)",
            "max_connections=300", "shared_buffers=64MB", "autovacuum=off", "log_min_messages=error",
        ]
        let started = try TiedShell(
            script,
            [folder.path] + Self.user + ["\(Self.programs)/postgres", "-D", data]
                + settings.flatMap { ["-c", $0] },
            log: "/dev/null")
        shell.withLock { $0 = started }
        guard eventually(within: 60, { (try? sql("SELECT 1")) != nil }) else {
            throw Failure(description: "PostgreSQL has not started: \(folder.text("log") ?? "")")
        }
    }

    /// Ends the server as a crash would, with all its processes, at once.
    package func kill() {
        let first = folder.text("data/postmaster.pid")?.split(separator: "\n").first
        guard let id = first.flatMap({ pid_t($0) }) else { return }
        for name in ["ended", "kept"] { folder.write(name, "") }
        Glibc.kill(id, SIGKILL)
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

    // MARK: Databases

    /// Runs SQL.
    @discardableResult
    package func sql(_ text: String, in database: String = "postgres") throws -> String {
        let command = try Command(arguments: [
            "\(Self.programs)/psql", "-h", folder.path, "-U", "rundir", "-d", database, "-XAtqc", text,
        ])
        guard command.ending == .exited(0) else { throw Failure(description: command.errors) }
        return String(decoding: command.output, as: UTF8.self)
    }

    /// Makes an empty database.
    /// - Returns: its name
    package func makeDatabase(like template: String = "template0") throws -> String {
        let name = "t\(made.wrappingAdd(1, ordering: .relaxed).newValue)"
        try sql("CREATE DATABASE \(name) TEMPLATE \(template)")
        return name
    }

    /// The address of a database, for `--store`.
    package func address(of database: String) -> String { "postgres://rundir@/\(database)?host=\(folder.path)" }
}
