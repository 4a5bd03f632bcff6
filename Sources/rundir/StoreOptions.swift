import ArgumentParser

/// Where runs are kept, if not in directories.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .customLong("store"),
        help: ArgumentHelp(
            "A PostgreSQL database that keeps the runs, for any number of servers: postgres://user@host/database, or "
                + "postgres:///database?host=/folder/of/socket; the password by PGPASSWORD or ~/.pgpass. --runs is then only the "
                + "server's own folder, for tokens, the audit log and uploads on their way; default: none, the runs are "
                + "directories in --runs. [env: RUNDIR_STORE]", valueName: "address"))
    var given = Environment.text("RUNDIR_STORE") ?? ""

    /// Nil: runs are directories.
    var address: String? { given.isEmpty ? nil : given }

    @Flag(
        name: .customLong("unsynced-store"),
        help:
            "Take a database that has fsync off, and loses acknowledged writes when power fails. [env: RUNDIR_UNSYNCED_STORE]"
    )
    var isUnsynced = Environment.flag("RUNDIR_UNSYNCED_STORE")

    func validate() throws {
        if isUnsynced, address == nil { throw ValidationError("--unsynced-store is for a --store, and there is none") }
        guard let address else { return }
        guard ["postgres://", "postgresql://"].contains(where: { address.hasPrefix($0) }) else {
            // Not what was given: it may have a password.
            throw ValidationError("--store has to begin with postgres:// or postgresql://")
        }
    }
}
