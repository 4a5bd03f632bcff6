/// The name by which tfruns' `view_run()` opens a run's script at the top of `source/`: R's `basename()` of the
/// property. tfruns also uses it as a regular expression (`grepl()`).
package enum ScriptName {
    /// The last component of a path, as R's `basename()` on Linux: a backslash is part of it.
    package static func of(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// Whether R can search for a file of that name: it is not empty and is a valid regular expression for TRE. (RE2
    /// accepts a lone brace, TRE does not.)
    package static func isReadable(_ name: String) -> Bool {
        !name.isEmpty && !name.contains("{") && (try? RunPattern("^\(name)$")) != nil
    }

    /// Whether `view_run()` can open a script in a source with these files. It cannot if the script is missing, or if
    /// it is a Windows path or a command line.
    package static func isFound(_ script: String, among files: [String]) -> Bool {
        files.contains(of(script)) && isReadable(of(script))
    }

    /// The name, or a similar one that R can search for.
    package static func readable(_ name: String) -> String {
        isReadable(name) ? name : String(name.map { "\\[](){}*+?^$|".contains($0) ? "_" : $0 })
    }
}
