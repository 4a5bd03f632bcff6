internal import CLinux
internal import Glibc
internal import LocalFiles

/// Records up to which frame the journal has been applied, for a server that was killed while the machine kept running.
///
/// In that case the kernel still holds everything that the server wrote, and what other programs did to the files after
/// that. So only the journal's last frame may be unapplied, and replaying the others would undo later changes. After a
/// power cut nobody knows in which order the disk took things, and all frames are replayed.
///
/// On disk, in `.rundir/applied`: the number of the last frame whose steps were all applied, 16 hexadecimal digits;
/// then the identity of the machine's boot, the mount and this file. It is never synced: it describes the kernel's
/// memory and has to be lost with it. Frames that have only rows are not noted, since recovery can see by a log's
/// length whether they are in it.
final class AppliedMark {
    private let descriptor: CInt
    private let path: String

    /// Makes the mark of a new journal.
    init(_ paths: RunPaths) throws(FileFailure) {
        path = paths.applied
        try Files.remove(path)
        descriptor = try Files.open(path, O_RDWR | O_CREAT | O_EXCL)
        let text = Self.digits(0) + "\n" + Self.identity(of: descriptor)
        try Files.write(Array(text.utf8), to: descriptor, at: 0, path: path)
    }

    deinit { close(descriptor) }

    /// Records that all steps of the frame with this number were applied. If that fails, they are replayed.
    func note(_ sequence: UInt64) {
        var digits = Self.digits(sequence)
        digits.withUTF8 { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// The number of the last frame whose steps were all applied. Nil if the machine was restarted, the disk was
    /// mounted again, or the files are a copy.
    static func read(_ paths: RunPaths) throws(FileFailure) -> UInt64? {
        guard let descriptor = try Files.openIfThere(paths.applied) else { return nil }
        defer { close(descriptor) }
        let lines = String(decoding: try Files.read(descriptor, path: paths.applied), as: UTF8.self)
            .split(separator: "\n", maxSplits: 1).map(String.init)
        guard lines.count == 2, isSame(lines[1], identity(of: descriptor)) else { return nil }
        return UInt64(lines[0], radix: 16)
    }

    /// Removes the mark: the disk may differ from what the kernel holds.
    static func remove(_ paths: RunPaths) { unlink(paths.applied) }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The boot id (random(4)); the file's device and inode number, so that a copy of the file does not count; the
    /// mount namespace (namespaces(7)), and the mount's number in it.
    private static func identity(of descriptor: CInt) -> String {
        let status = Files.status(of: descriptor)
        let boot = kernelText("/proc/sys/kernel/random/boot_id")
        let namespace = Files.status("/proc/self/ns/mnt").map { UInt64($0.st_ino) } ?? 0
        return "\(boot) \(status.st_dev) \(status.st_ino) \(namespace) \(clinux_mount(descriptor))\n"
    }

    /// Whether two identities are of the same file, during the same boot and mount. Mount numbers are comparable only
    /// within a namespace: systemd and containers make a new one for each start of a service.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (one.split(separator: " "), other.split(separator: " "))
        guard one.count == 5, other.count == 5, one[..<3] == other[..<3] else { return false }
        return one[3] != other[3] || one[4] == other[4]
    }

    /// The content of a file of proc(5), whose size is not known in advance; a random text if it cannot be read.
    private static func kernelText(_ path: String) -> String {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        var text = [UInt8](repeating: 0, count: 64)
        let count = file < 0 ? 0 : Glibc.read(file, &text, text.count)
        guard count > 1 else { return String(UInt64.random(in: 0 ... .max), radix: 16) }
        return String(decoding: text[..<(count - 1)], as: UTF8.self)
    }
}
