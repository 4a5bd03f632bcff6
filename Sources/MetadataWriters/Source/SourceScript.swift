internal import RunMetadata

/// Which file of the source is the run's script. tfruns' `view_run()` looks for it by its file name, at the top of `source/`.
struct SourceScript {
    /// Its path in the source.
    let path: String
    /// The name under which it is at the top: its file name, or one like that which R can look for.
    let name: String
    /// Whether that is a copy.
    let needsCopy: Bool
    /// Whether the run names a script that is not in the source: a file that says so has its place.
    let isAbsent: Bool
    /// The files of the source, with the copy.
    let files: [String]

    /// - Parameters:
    ///   - files: paths in the source
    ///   - given: what the run says is its script: a path, of Windows too, or a command line
    ///   - mayBeChosen: whether it may be that of earlier source, with which it has gone
    init(among files: [String], given: String?, mayBeChosen: Bool = false) {
        let found = given.flatMap { Self.find($0, among: files) }
        isAbsent = found == nil && !mayBeChosen && given.map(Self.isPath) ?? false
        path = found ?? (isAbsent ? given : nil) ?? SourceWriter.script(among: files)
        name = ScriptName.readable(ScriptName.of(path))
        needsCopy = !files.contains(name)
        self.files = needsCopy ? files + [name] : files
    }

    /// What the run's property says, where it says nothing that is in the source.
    var property: String { name == ScriptName.of(path) ? path : name }

    /// What stands in the place of a script that is not there: a comment of R, Python, Julia and shells.
    static let absent = Array("# This script is not in the source that was sent.\n".utf8)

    /// Whether a text can only be a path: no path of Windows, no command line.
    private static func isPath(_ text: String) -> Bool {
        ScriptName.isReadable(ScriptName.of(text)) && !text.contains { $0 == "\\" || $0.isWhitespace }
    }

    /// The file that a text names: by its path, by the end of its path, by its name, or as a word of a command line.
    private static func find(_ given: String, among files: [String]) -> String? {
        let text = given.replacing("\\", with: "/")
        let words = text.split { $0.isWhitespace || $0 == "\"" || $0 == "'" }.map(String.init)
        for word in [text] + words where !word.isEmpty {
            let path = word.hasPrefix("./") ? String(word.dropFirst(2)) : word
            if files.contains(path) { return path }
            let ends = files.filter { path.hasSuffix("/" + $0) }
            if let longest = ends.max(by: { $0.utf8.count < $1.utf8.count }) { return longest }
            let named = files.filter { ScriptName.of($0) == ScriptName.of(path) }
            if let found = named.min(by: { (depth($0), $0) < (depth($1), $1) }) { return found }
        }
        return nil
    }

    private static func depth(_ path: String) -> Int { path.utf8.count { $0 == UInt8(ascii: "/") } }
}
