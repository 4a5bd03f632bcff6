internal import RunMetadata

/// The file of the source that is the run's script. tfruns' `view_run()` looks for it by file name, at the top of
/// `source/`.
struct SourceScript {
    /// Its path in the source.
    let path: String
    /// Its name at the top: its file name, or a similar name that R can search for.
    let name: String
    /// Whether the file at the top is a copy.
    let needsCopy: Bool
    /// Whether the run names a script that the source does not have. A placeholder file then says so.
    let isAbsent: Bool
    /// The files of the source, including the copy.
    let files: [String]

    /// - Parameters:
    ///   - files: paths in the source
    ///   - given: the run's property `script`: a path, also of Windows, or a command line
    ///   - mayBeChosen: whether `given` may be the script of an earlier source, which was replaced
    init(among files: [String], given: String?, mayBeChosen: Bool = false) {
        let found = given.flatMap { Self.find($0, among: files) }
        isAbsent = found == nil && !mayBeChosen && given.map(Self.isPath) ?? false
        path = found ?? (isAbsent ? given : nil) ?? SourceWriter.script(among: files)
        name = ScriptName.readable(ScriptName.of(path))
        needsCopy = !files.contains(name)
        self.files = needsCopy ? files + [name] : files
    }

    /// The new value of the run's property, if the present one is not in the source.
    var property: String { name == ScriptName.of(path) ? path : name }

    /// The placeholder of an absent script: a comment in R, Python, Julia and shells.
    static let absent = Array("# This script is not in the source that was sent.\n".utf8)

    /// Whether a text can only be a path, neither a Windows path nor a command line.
    private static func isPath(_ text: String) -> Bool {
        ScriptName.isReadable(ScriptName.of(text)) && !text.contains { $0 == "\\" || $0.isWhitespace }
    }

    /// The file that a text names: by its path, the end of its path, its name, or a word of a command line.
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
