/// The name by which tfruns' `view_run()` opens a run's script at the top of `source/`: what R's `basename()` makes of the
/// property, which is taken for a regular expression too (`grepl()`).
package enum ScriptName {
    /// The last component of a path, as R's `basename()` has it on Linux: a backslash is part of it.
    package static func of(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// Whether R can look for a file of that name: it is not empty, and as a regular expression of TRE it is sound. (RE2 takes
    /// a lone brace, which TRE does not.)
    package static func isReadable(_ name: String) -> Bool {
        !name.isEmpty && !name.contains("{") && (try? RunPattern("^\(name)$")) != nil
    }

    /// Whether `view_run()` can open a script in a source with these files. It cannot open what is not among them, a path of
    /// Windows, or a command line.
    package static func isFound(_ script: String, among files: [String]) -> Bool {
        files.contains(of(script)) && isReadable(of(script))
    }

    /// The name, or one like it that R can look for.
    package static func readable(_ name: String) -> String {
        isReadable(name) ? name : String(name.map { "\\[](){}*+?^$|".contains($0) ? "_" : $0 })
    }
}
