internal import CLinux
internal import Glibc
internal import LocalFiles

/// Says how far the journal's frames have been done, for a server that was killed while the machine went on.
///
/// The kernel then still holds all that the server had done, and what something else did to the files after that. So
/// only the journal's last frame may not be done, and doing the others again would undo what came later. After a power
/// cut nobody knows in which order the disk took things, and all frames are done again.
///
/// On disk, in `.rundir/applied`: the number of the last frame whose steps were all done, 16 hexadecimal digits; then
/// what machine, mount and file this is of. It is never synced: it tells of the kernel's memory and has to go with it.
/// Frames of rows alone are not noted, since recovery can see by a log's length whether they are in it.
final class AppliedMark {
    private let descriptor: CInt
    private let path: String

    /// Makes the mark of a journal that begins.
    init(_ paths: RunPaths) throws(FileFailure) {
        path = paths.applied
        try Files.remove(path)
        descriptor = try Files.open(path, O_RDWR | O_CREAT | O_EXCL)
        let text = Self.digits(0) + "\n" + Self.identity(of: descriptor)
        try Files.write(Array(text.utf8), to: descriptor, at: 0, path: path)
    }

    deinit { close(descriptor) }

    /// All steps of the frame of this number have been done. What cannot be noted is done again.
    func note(_ sequence: UInt64) {
        var digits = Self.digits(sequence)
        digits.withUTF8 { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// The number of the last frame whose steps were all done. Nil where the machine was started since, or the disk
    /// mounted elsewhere, or the files are a copy.
    static func read(_ paths: RunPaths) throws(FileFailure) -> UInt64? {
        guard let descriptor = try Files.openIfThere(paths.applied) else { return nil }
        defer { close(descriptor) }
        let lines = String(decoding: try Files.read(descriptor, path: paths.applied), as: UTF8.self)
            .split(separator: "\n", maxSplits: 1).map(String.init)
        guard lines.count == 2, isSame(lines[1], identity(of: descriptor)) else { return nil }
        return UInt64(lines[0], radix: 16)
    }

    /// Removes the mark: the disk may hold other things than the kernel tells of.
    static func remove(_ paths: RunPaths) { unlink(paths.applied) }

    private static func digits(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The machine's start (random(4), boot_id), the file's device and inode number, so that a copy is none, the
    /// namespace of mounts (namespaces(7)), and in it the mount's number.
    private static func identity(of descriptor: CInt) -> String {
        let status = Files.status(of: descriptor)
        let boot = kernelText("/proc/sys/kernel/random/boot_id")
        let namespace = Files.status("/proc/self/ns/mnt").map { UInt64($0.st_ino) } ?? 0
        return "\(boot) \(status.st_dev) \(status.st_ino) \(namespace) \(clinux_mount(descriptor))\n"
    }

    /// Whether two identities are of one file that was there all the time. The number of a mount says something in its
    /// own namespace alone: systemd and containers make one for each start of a service.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        let (one, other) = (one.split(separator: " "), other.split(separator: " "))
        guard one.count == 5, other.count == 5, one[..<3] == other[..<3] else { return false }
        return one[3] != other[3] || one[4] == other[4]
    }

    /// A file of proc(5), which tells no size; something else each time where it cannot be read.
    private static func kernelText(_ path: String) -> String {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        var text = [UInt8](repeating: 0, count: 64)
        let count = file < 0 ? 0 : Glibc.read(file, &text, text.count)
        guard count > 1 else { return String(UInt64.random(in: 0 ... .max), radix: 16) }
        return String(decoding: text[..<(count - 1)], as: UTF8.self)
    }
}
