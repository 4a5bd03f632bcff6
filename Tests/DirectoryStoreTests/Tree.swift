import Glibc
import TestSupport

/// Whole directories of tests.
enum Tree {
    /// The names in a directory, in order; none where there is none.
    static func names(_ path: String) -> [String] { TestSupport.names(in: path).sorted() }

    /// Every file below a directory with its text, empty directories as nil. Hidden directories, the server's own, are
    /// left out.
    static func files(_ path: String, below prefix: String = "") -> [String: String?] {
        var found: [String: String?] = [:]
        for name in names(path) where !(prefix.isEmpty && name.hasPrefix(".")) {
            let child = "\(path)/\(name)"
            if isDirectory(child) {
                let inside = files(child, below: "\(prefix)\(name)/")
                if inside.isEmpty { found["\(prefix)\(name)/"] = .some(nil) }
                found.merge(inside) { one, _ in one }
            } else {
                found[prefix + name] = String(decoding: read(child), as: UTF8.self)
            }
        }
        return found
    }

    /// Copies a directory and all below it into another, which is made where it is missing.
    static func copy(_ from: String, to target: String) {
        mkdir(target, 0o755)
        for name in names(from) {
            if isDirectory("\(from)/\(name)") {
                copy("\(from)/\(name)", to: "\(target)/\(name)")
            } else {
                write(read("\(from)/\(name)"), "\(target)/\(name)")
            }
        }
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Removes a directory and all below it.
    static func remove(_ path: String) {
        for name in names(path) { remove("\(path)/\(name)") }
        Glibc.remove(path)
    }

    static func read(_ path: String) -> [UInt8] { contents(of: path) ?? [] }

    /// Writes a file whole, or behind what it holds.
    static func write(_ bytes: [UInt8], _ path: String, mode: String = "w") {
        guard let file = fopen(path, mode) else { return }
        fwrite(bytes, 1, bytes.count, file)
        fclose(file)
    }

    static func inode(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    /// Sets the time at which a file was changed (utimensat(2)).
    static func setTime(_ path: String, _ seconds: Int) {
        let time = timespec(tv_sec: seconds, tv_nsec: 0)
        _ = [time, time].withUnsafeBufferPointer { utimensat(AT_FDCWD, path, $0.baseAddress!, 0) }
    }

    @discardableResult
    static func rename(_ from: String, to: String) -> Bool { Glibc.rename(from, to) == 0 }

    @discardableResult
    static func makeDirectory(_ path: String) -> Bool { mkdir(path, 0o755) == 0 }

    @discardableResult
    static func link(_ path: String, to target: String) -> Bool { symlink(target, path) == 0 }

    static func truncate(_ path: String, to size: Int) { _ = Glibc.truncate(path, off_t(size)) }

    static func unlink(_ path: String) { _ = Glibc.unlink(path) }
}
