import ArgumentParser

/// The command.
@main
struct Rundir: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rundir",
        abstract: "Records the metadata of training runs over HTTP, as plain files.",
        subcommands: [Serve.self, Check.self, Import.self, Reindex.self, Types.self],
        defaultSubcommand: Serve.self)
}
