import Foundation
import TestSupport

/// An ext4 file system in a file, mounted by a loop device until the value goes.
final class LoopDisk: Sendable {
    /// Whether this process may make one.
    static let canBeMade: Bool = (try? LoopDisk()) != nil

    private let folder = TemporaryFolder()
    private var image: String { "\(folder.path)/image" }
    /// Where it is mounted.
    var path: String { "\(folder.path)/mounted" }
    /// A directory in it for runs.
    var runs: String { "\(path)/runs" }

    /// Makes a file system, empty.
    convenience init() throws {
        try self.init { image in
            try Command.succeed("truncate", "-s", "96M", image)
            try Command.succeed("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
        }
    }

    private init(_ make: (String) throws -> Void) throws {
        try make("\(folder.path)/image")
        mkdir("\(folder.path)/mounted", 0o755)
        try Command.succeed("mount", "-t", "ext4", "-o", "loop", image, path)
    }

    deinit { _ = try? Command("umount", "-l", path) }

    /// What a power cut would leave now: the image is copied, and the copy mounted. Nothing may use the file system
    /// meanwhile; what it has not written by itself is not in the copy.
    func cut() throws -> LoopDisk {
        while true {
            let before = writes
            let copy = try LoopDisk { try Command.succeed("cp", "--sparse=always", image, $0) }
            // A copy that something was written amid is of no moment at all.
            if writes == before { return copy }
        }
    }

    /// How often the loop device was written to (Documentation/block/stat.rst).
    private var writes: String {
        let source = (try? Command.succeed("findmnt", "-no", "SOURCE", path)) ?? []
        let device = String(decoding: source, as: UTF8.self).split(separator: "/").last ?? ""
        let statistics = contents(of: "/sys/block/\(device.filter { !$0.isWhitespace })/stat") ?? []
        let fields = String(decoding: statistics, as: UTF8.self).split(separator: " ")
        return fields.count > 7 ? "\(fields[4]) \(fields[6])" : ""
    }
}
