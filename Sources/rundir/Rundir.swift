import ArgumentParser
import Limits
import Logging

/// The command.
@main
struct Rundir: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rundir",
        abstract: "Records the metadata of training runs over HTTP, as plain files.",
        subcommands: [
            Serve.self, Check.self, Import.self, Export.self, Migrate.self, Reindex.self, Types.self, TokenCommand.self,
            AuditCommand.self,
        ],
        defaultSubcommand: Serve.self)

    static func main() {
        do {
            var command = try parseAsRoot()
            PlainLog.start(level: (command as? Serve)?.options.logLevel.level ?? .info)
            try command.run()
        } catch {
            // ArgumentParser itself reports faulty options.
            if error is ExitCode || exitCode(for: error) != .failure { exit(withError: error) }
            exit(withError: Failure(error))
        }
    }

    /// Why a command failed, as lines that have no effect on a terminal.
    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ error: any Error) {
            let lines = "\(error)".split(separator: "\n", omittingEmptySubsequences: false)
            description = lines.map { String($0).shown(atMost: 4096) }.joined(separator: "\n")
        }
    }
}
