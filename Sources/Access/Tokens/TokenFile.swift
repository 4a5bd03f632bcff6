internal import CLinux
internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata

/// The tokens of a runs directory, in `.rundir/tokens`, and when each was last used, in `.rundir/tokens.used`.
///
/// The command `rundir token` changes the first, even while a server runs; the server only reads it. The server writes
/// the second. Both are replaced as a whole, so that nobody reads a partial file.
package struct TokenFile: Sendable {
    private let runs: String

    private var folder: String { "\(runs)/\(RunLayout.own)" }
    private var tokens: String { "\(folder)/\(RunLayout.Own.tokens)" }
    private var uses: String { "\(tokens).used" }

    /// The file is malformed.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter runs: the runs directory
    package init(runs: String) { self.runs = runs }

    /// Changes with every change of the tokens; nil if there is no file.
    var version: FileVersion? { FileVersion(file: Files.status(tokens)) }

    /// All tokens, including expired ones; empty if there is no file.
    /// - Throws: `Fault` or `FileFailure`; then nothing is known about who may do what
    package func read() throws -> [Token] {
        guard let bytes = try Files.read(tokens) else { return [] }
        guard let list = (try? JSONValue.parse(bytes))?["tokens"]?.array else {
            throw Fault(description: "\(tokens) is damaged; restore it from a backup, or remove it and make new tokens")
        }
        return try list.map { entry in
            guard let token = Token(entry) else {
                throw Fault(
                    description: "\(tokens) has an entry that is not a token (\(entry["id"]?.string ?? "without id")); "
                        + "restore it from a backup, or remove that entry")
            }
            return token
        }
    }

    /// Changes the tokens while no other command does (flock(2)). On return the change is durable.
    package func change<Result>(_ body: (inout [Token]) throws -> Result) throws -> Result {
        if !Files.isDirectory(folder) {
            try Files.makeDirectories(folder)
            FileOwner.give(folder, toOwnerOf: runs)
        }
        let lock = try Files.open("\(tokens).lock", O_RDWR | O_CREAT, mode: 0o600)
        defer { close(lock) }
        FileOwner.give("\(tokens).lock", toOwnerOf: folder)
        while clinux_lock_waiting(lock) != 0 {
            if errno != EINTR { throw FileFailure("flock", "\(tokens).lock") }
        }
        var list = try read()
        let result = try body(&list)
        try replace(tokens, by: JSONWriter.pretty(["tokens": .array(list.map(\.json))]), isSynced: true)
        return result
    }

    /// When each token was last used, by id, seconds since 1970; approximate.
    package func lastUses() -> [String: Double] {
        guard let bytes = try? Files.read(uses), let object = (try? JSONValue.parse(bytes))?.object else { return [:] }
        return object.members.reduce(into: [:]) { found, member in
            found[member.name] = member.value.string.flatMap(ISOTime.seconds)
        }
    }

    /// Saves them. Not synced: nothing depends on it.
    func write(lastUses: [String: Double]) throws {
        let members = lastUses.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string(UTCTime.text($0.value))) }
        try replace(uses, by: JSONWriter.pretty(.object(JSONObject(members))), isSynced: false)
    }

    /// Replaces a file that only its owner may read.
    private func replace(_ path: String, by bytes: [UInt8], isSynced: Bool) throws(FileFailure) {
        let new = "\(path).new"
        try Files.remove(new)
        let descriptor = try Files.open(new, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        defer { close(descriptor) }
        try Files.write(bytes, to: descriptor, at: 0, path: new)
        if isSynced { try Files.sync(descriptor, path: new) }
        FileOwner.give(new, toOwnerOf: folder)
        try Files.rename(new, to: path)
        if isSynced { try Files.sync(folder) }
    }
}
