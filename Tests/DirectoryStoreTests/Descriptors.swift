import Glibc
import TestSupport

/// Faults of a disk, made by exchanging what is behind an open descriptor of this process.
enum Descriptors {
    /// A device that has no room for anything (full(4)).
    static let full = "/dev/full"
    /// Memory of this process at addresses where there is none: an input/output error (proc_pid_mem(5)).
    static let broken = "/proc/self/mem"

    /// While `body` runs, every open descriptor of a file belongs to a device. Nothing may close one of them meanwhile:
    /// its number could be another test's by the end.
    static func redirect(_ path: String, to device: String, _ body: () throws -> Void) rethrows {
        let other = open(device, O_RDWR | O_CLOEXEC)
        var kept: [(descriptor: Int32, copy: Int32)] = []
        // All are found before the first copy is made, which is a descriptor of the file too.
        let found = Tree.names("/proc/self/fd").compactMap { Int32($0) }
            .filter { target(ofLink: "/proc/self/fd/\($0)") == path }
        for descriptor in found {
            kept.append((descriptor, dup(descriptor)))
            dup2(other, descriptor)
        }
        defer {
            for (descriptor, copy) in kept {
                dup2(copy, descriptor)
                close(copy)
            }
            close(other)
        }
        try body()
    }
}
