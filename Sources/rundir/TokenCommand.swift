import Access
import ArgumentParser
import Glibc
import JSON
import Limits
import LocalFiles

/// `rundir token`.
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make, list and revoke tokens, which give clients access.",
        discussion: "A running server applies changes within a second. From the first token on, clients need one.",
        subcommands: [Create.self, List.self, Revoke.self])

    /// The runs directory. The tokens are in its `.rundir`.
    struct Place: ParsableArguments {
        @Option(help: ArgumentHelp("The runs directory. [env: RUNDIR_RUNS]", valueName: "path"))
        var runs = Environment.text("RUNDIR_RUNS") ?? "./runs"

        var file: TokenFile { TokenFile(runs: runs) }

        /// Writes a change of tokens into the audit log. A failure is reported, but the change is made.
        func audit(_ operation: String, _ token: Token) {
            var entry = AuditEntry(time: wallClock(), operation: operation)
            entry.token = (token.name, token.id)
            entry.user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(getuid())"
            let folder = AuditFolder(runs: runs)
            do {
                try folder.prepare()
                try folder.append([entry])
            } catch { TokenCommand.say("the audit log lacks this: \(error)") }
        }
    }

    /// Writes a line to standard error. Standard output is only for output that other programs read.
    static func say(_ text: String) {
        let line = Array("\(text.shown(atMost: 4096))\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// The rights that a token may have.
    enum Level: String, ExpressibleByArgument, CaseIterable {
        case read, write, admin

        var right: Right {
            switch self {
            case .read: .read
            case .write: .write
            case .admin: .admin
            }
        }
    }

    /// `rundir token create`.
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token, and print it once: it is not stored, so it cannot be shown again.")

        @OptionGroup var place: Place

        @Argument(help: ArgumentHelp("Its name in listings and in the audit log, such as ci or anna@laptop."))
        var name: String

        @Option(
            help: ArgumentHelp(
                "What it may do: read; write (and read); admin (also remove runs, and change many at once).",
                valueName: "right"))
        var right = Level.write

        @Option(
            help: ArgumentHelp(
                "Limits it to the runs whose id matches: * matches any characters, ? one; may be repeated.",
                valueName: "pattern"))
        var only: [String] = []

        @Option(
            help: ArgumentHelp(
                "When it expires: 12h, 30d, 4w, a date or a time; default: never.", valueName: "time"))
        var expires: String?

        func validate() throws {
            if !Token.isName(name) { throw ValidationError("the name is \"\(name)\"; \(Token.nameRule)") }
            for pattern in only where RunIDGlob(pattern) == nil {
                throw ValidationError("--only is \"\(pattern)\"; \(RunIDGlob.rule)")
            }
            if let expires, TokenLifetime.end(expires, from: wallClock()) == nil {
                throw ValidationError("--expires is \"\(expires)\"; \(TokenLifetime.rule)")
            }
        }

        func run() throws {
            let now = wallClock()
            let secret = try TokenSecret.make()
            let token = Token(
                secret, name: name, right: right.right, scope: RunScope(only.compactMap { RunIDGlob($0) }),
                created: now,
                expires: expires.flatMap { TokenLifetime.end($0, from: now) })
            try place.file.change { tokens in
                if tokens.contains(where: { $0.name == name }) {
                    throw ValidationError(
                        "there is a token \(name) already; revoke it (rundir token revoke \(name)), or choose another name"
                    )
                }
                tokens.append(token)
            }
            place.audit("createToken", token)
            print(secret.text)
            TokenCommand.say(
                "\(name) may \(right.rawValue), \(token.scope.isLimited ? "the runs \(token.scope.words)" : "all runs"), "
                    + (token.expires.map { "until \(UTCTime.text($0))" } ?? "until it is revoked")
                    + ". This is shown once; keep it.")
        }
    }

    /// `rundir token list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the tokens, with their rights and their last use, to about a minute.")

        @OptionGroup var place: Place

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let (tokens, uses) = (try place.file.read(), place.file.lastUses())
            if json {
                let list = tokens.map { token -> JSONValue in
                    var object = token.described
                    object["last_used"] = uses[token.id].map { .string(UTCTime.text($0)) }
                    return .object(object)
                }
                return print(String(decoding: JSONWriter.pretty(.array(list)), as: UTF8.self))
            }
            let now = wallClock()
            var rows = [["ID", "NAME", "RIGHT", "RUNS", "CREATED", "EXPIRES", "LAST USED"]]
            for token in tokens {
                rows.append([
                    token.id, token.name, token.right.rawValue,
                    token.scope.patterns.map { $0.map(\.description).joined(separator: ",") } ?? "all",
                    UTCTime.text(token.created),
                    token.expires.map { token.hasExpired(at: now) ? "expired" : UTCTime.text($0) } ?? "never",
                    uses[token.id].map { UTCTime.text($0) } ?? "never",
                ])
            }
            let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
            for row in rows {
                let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                var line = cells.joined(separator: "  ")
                while line.last == " " { line.removeLast() }
                print(line)
            }
        }
    }

    /// `rundir token revoke`.
    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Revoke tokens, by name or id.",
            discussion:
                "A running server refuses them within a second. Once the last one is revoked, tokens are still needed.")

        @OptionGroup var place: Place

        @Argument(help: ArgumentHelp("Names or ids.", valueName: "name"))
        var names: [String]

        func run() throws {
            let revoked = try place.file.change { tokens in
                let found = try names.map { name in
                    guard let token = tokens.first(where: { $0.name == name || $0.id == name }) else {
                        throw ValidationError(
                            "there is no token \(name.shown(atMost: 100)); rundir token list shows all")
                    }
                    return token
                }
                tokens.removeAll { token in found.contains { $0.id == token.id } }
                return found
            }
            for token in revoked {
                place.audit("revokeToken", token)
                TokenCommand.say("revoked \(token.name)")
            }
        }
    }
}
