import Glibc

/// A folder of its own for one test, in `TMPDIR` or else `/tmp`, removed with all that is in it when the value goes.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/rundir-test-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    deinit { Self.remove(path) }

    /// Writes a file, making the folders above it.
    package func write(_ name: String, _ text: String) {
        var folder = path
        for component in name.split(separator: "/").dropLast() {
            folder += "/\(component)"
            mkdir(folder, 0o755)
        }
        let file = fopen("\(path)/\(name)", "w")
        fwrite(text, 1, text.utf8.count, file)
        fclose(file)
    }

    /// A file's bytes, nil where there is none.
    package func read(_ name: String) -> [UInt8]? { contents(of: "\(path)/\(name)") }

    /// A file's text, nil where there is none.
    package func text(_ name: String) -> String? { read(name).map { String(decoding: $0, as: UTF8.self) } }

    /// Whether there is a file or folder.
    package func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    private static func remove(_ path: String) {
        // What a link leads to is not the test's.
        var status = stat()
        let isFolder = lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        if isFolder { for name in names(in: path) { remove("\(path)/\(name)") } }
        Glibc.remove(path)
    }
}
