import Glibc

/// A folder for files that a target reads, in `TMPDIR` or else in memory.
final class FuzzFolder: @unchecked Sendable {
    // Sendable: libFuzzer gives one input after the other, on one thread.

    static let shared = FuzzFolder()
    let path: String

    init() {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/dev/shm"
        var template = Array("\(parent)/rundir-fuzz-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    /// Writes a file, in place of an earlier one.
    func write(_ bytes: [UInt8], as name: String) {
        guard let file = fopen("\(path)/\(name)", "w") else { fatalError("\(path)/\(name) cannot be written") }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }
}
