import ArgumentParser
import Logging
import PostgresStore
import RunStore
import S3Artifacts

/// Where runs are kept instead of in directories.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("store"),
        help: ArgumentHelp(
            "A PostgreSQL database that keeps the runs, for any number of servers: postgres://user@host/database, or "
                + "postgres:///database?host=/folder/of/socket; the password comes from PGPASSWORD or ~/.pgpass. "
                + "--runs is then only the server's own folder, for tokens, the audit log and uploads in progress; "
                + "default: none, the runs are directories in --runs. [env: RUNDIR_STORE]", valueName: "address"))
    var given = Environment.text("RUNDIR_STORE") ?? ""

    /// Nil: runs are directories.
    var address: String? { given.isEmpty ? nil : given }

    @Option(
        name: .customLong("artifacts"),
        help: ArgumentHelp(
            "Where a --store keeps files of 1 MiB and more: s3://bucket/prefix, in Amazon S3 or a server with its "
                + "protocol, set up by AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and "
                + "AWS_ENDPOINT_URL; default: none, files are in the database, up to 16 MiB. [env: RUNDIR_ARTIFACTS]",
            valueName: "address"))
    var artifacts = Environment.text("RUNDIR_ARTIFACTS") ?? ""

    @Flag(
        name: .customLong("unsynced-store"),
        help:
            "Accept a database with fsync off: it loses acknowledged writes when power fails. [env: RUNDIR_UNSYNCED_STORE]"
    )
    var isUnsynced = Environment.flag("RUNDIR_UNSYNCED_STORE")

    func validate() throws {
        if isUnsynced, address == nil { throw ValidationError("--unsynced-store is for a --store, and there is none") }
        if !artifacts.isEmpty, address == nil {
            throw ValidationError(
                "--artifacts is for a --store, and there is none: in directories, files have any size without it")
        }
        do { _ = try objects() } catch { throw ValidationError("--artifacts: \(error)") }
        guard let address else { return }
        guard ["postgres://", "postgresql://"].contains(where: { address.hasPrefix($0) }) else {
            // Without the given address, which may have a password.
            throw ValidationError("--store has to begin with postgres:// or postgresql://")
        }
    }

    /// The store of large files; nil: the database stores them.
    /// - Throws: `S3Settings.Fault`, if the address or a variable is malformed
    func objects() throws(S3Settings.Fault) -> (any ObjectStore)? {
        artifacts.isEmpty ? nil : S3ObjectStore(try S3Settings(artifacts) { Environment.text($0) })
    }

    /// For commands that need a database.
    func checkIsThere() throws {
        if address == nil {
            throw ValidationError("which database? give --store postgres://… (or RUNDIR_STORE)")
        }
    }

    /// Opens the database, for a command other than `serve`.
    /// - Parameter makesTables: whether to create the tables if there are none
    func open(makesTables: Bool) throws -> PostgresRunStore {
        var settings = PostgresSettings()
        (settings.needsSync, settings.makesTables) = (!isUnsynced, makesTables)
        settings.objects = try objects()
        return try PostgresRunStore(at: address ?? "", settings: settings, log: Logger(label: "store"))
    }
}
