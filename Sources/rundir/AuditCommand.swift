import Access
import ArgumentParser
import Glibc
import JSON
import Limits
import LocalFiles
import RunMetadata

/// `rundir audit`.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Print who changed what, the oldest first.",
        discussion: """
            The log has all changes, with two exceptions: of rows of metrics and of output, only the first of each \
            minute for a token and a run; of refused requests, only the first of each minute for an address.
            """)

    @Option(help: ArgumentHelp("The runs directory. [env: RUNDIR_RUNS]", valueName: "path"))
    var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

    @Option(name: .customLong("run"), help: ArgumentHelp("Only changes of this run.", valueName: "id"))
    var runID: String?

    @Option(help: ArgumentHelp("Only changes by this token: its name or id.", valueName: "name"))
    var token: String?

    @Option(help: ArgumentHelp("Only since then: 12h, 30d, a date or a time.", valueName: "time"))
    var since: String?

    @Flag(help: "Print the lines of the log unchanged: one JSON object each.")
    var json = false

    func validate() throws {
        if let since, TokenLifetime.start(since, until: wallClock()) == nil {
            throw ValidationError(
                "--since is \"\(since)\"; it has to be a time that is past, as in 12h, 30d, 2026-11-24 or 2026-11-24T09:30:00Z"
            )
        }
    }

    func run() throws {
        let start = since.flatMap { TokenLifetime.start($0, until: wallClock()) } ?? -.infinity
        guard Files.isDirectory(runs) else { throw FileFailure("open", runs, errno: ENOENT) }
        try AuditFolder(runs: runs).read { entry in
            guard isWanted(entry, since: start) else { return }
            print(json ? String(decoding: JSONWriter.compact(.object(entry)), as: UTF8.self) : Self.line(entry))
        }
    }

    private func isWanted(_ entry: JSONObject, since start: Double) -> Bool {
        if let runID {
            let runs = entry["runs"]?.array ?? [entry["run"]].compactMap(\.self)
            guard runs.contains(.string(runID)) else { return false }
        }
        if let token {
            guard entry["token"]?.string == token || entry["token_id"]?.string == token else { return false }
        }
        return (entry["time"]?.string.flatMap(ISOTime.seconds) ?? 0) >= start
    }

    /// An entry as a line for people: time, token, client, operation, run and outcome.
    private static func line(_ entry: JSONObject) -> String {
        func text(_ name: String) -> String? { entry[name]?.string }
        let runs = entry["runs"]?.array.map { "\($0.count) runs" } ?? text("run") ?? "-"
        let what = text("operation") ?? "refused: \(text("method") ?? "") \(text("path") ?? "")"
        let status = entry["status"]?.number?.text ?? entry["lost"]?.number.map { "\($0.text) entries" } ?? "-"
        return [
            text("time") ?? "-", text("token") ?? text("user") ?? "-", text("address") ?? text("user") ?? "-", what,
            runs,
            status,
        ].joined(separator: "  ").shown(atMost: .max)
    }
}
