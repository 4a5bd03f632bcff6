import Foundation
import TestSupport

/// A disk that keeps, when the power is cut, what POSIX promises and no more.
///
/// A file's bytes are safe when the file was synced. A name is safe when the directory that holds it was; to sync a
/// file makes no name safe, though most file systems do that. Whether a name that was not synced is kept tells nothing
/// of any other one, but for renaming from one directory to another, which is one change: to sync the directory that
/// something was taken from makes all safe that came before (as btrfs does: btrfs_record_unlink_dir() in Linux'
/// fs/btrfs/tree-log.c). Where more is kept than that, names are kept in the order in which they changed, as with ext4
/// and its journal.
final class ModelDisk {
    /// A file or folder.
    private final class Node {
        let isFolder: Bool
        var bytes: [UInt8] = []
        var synced: [UInt8] = []
        /// What a folder holds now.
        var names: [String: Node] = [:]

        init(isFolder: Bool) { self.isFolder = isFolder }
    }

    /// Names that changed at once, each with what it stands for from then on.
    private struct Change {
        let names: [(folder: Node, name: String, node: Node?)]
        /// Folders from which something was taken to another one.
        var sources: [Node] = []
        var isSafe = false

        func involves(_ folder: Node) -> Bool { names.contains { $0.folder === folder } }
    }

    private let root = Node(isFolder: true)
    private var nodes: [UInt64: Node]
    private var changes: [Change] = []

    /// An empty directory.
    /// - Parameter root: its inode number
    init(root inode: UInt64) { nodes = [inode: root] }

    /// Lets something happen.
    func apply(_ event: DiskTrace.Event) {
        switch event {
        case .call, .acknowledged: return
        case .make(let inode, let parent, let isFolder, let name):
            let node = Node(isFolder: isFolder)
            nodes[inode] = node
            guard let parent = nodes[parent] else { return }
            change([(parent, name, node)])
        case .link(let inode, let parent, let name):
            guard let node = nodes[inode], let parent = nodes[parent] else { return }
            change([(parent, name, node)])
        case .size(let inode, let length):
            guard let node = nodes[inode] else { return }
            node.bytes = Self.resized(node.bytes, length)
        case .write(let inode, let offset, let bytes):
            guard let node = nodes[inode] else { return }
            if node.bytes.count < offset + bytes.count {
                node.bytes = Self.resized(node.bytes, offset + bytes.count)
            }
            node.bytes.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        case .move(let from, let to, let isExchange, let name, let newName):
            guard let from = nodes[from], let to = nodes[to] else { return }
            change(
                [(from, name, isExchange ? to.names[newName] : nil), (to, newName, from.names[name])],
                sources: from === to ? [] : isExchange ? [from, to] : [from])
        case .remove(let parent, let name):
            guard let parent = nodes[parent] else { return }
            change([(parent, name, nil)])
        case .syncAll:
            for node in nodes.values { node.synced = node.bytes }
            for index in changes.indices { changes[index].isSafe = true }
        case .sync(let inode):
            guard let node = nodes[inode] else { return }
            node.synced = node.bytes
            guard node.isFolder else { return }
            let all = changes.lastIndex { change in change.sources.contains { $0 === node } }.map { $0 + 1 } ?? 0
            for index in changes.indices where index < all || changes[index].involves(node) {
                changes[index].isSafe = true
            }
        }
    }

    private func change(_ names: [(folder: Node, name: String, node: Node?)], sources: [Node] = []) {
        for (folder, name, node) in names { folder.names[name] = node }
        changes.append(Change(names: names, sources: sources))
    }

    private static func resized(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        length <= bytes.count
            ? Array(bytes[..<length]) : bytes + [UInt8](repeating: 0, count: length - bytes.count)
    }

    // MARK: The power is cut

    /// Writes what is left into an empty folder: only what is safe, if `isStrict`; otherwise names up to some moment at
    /// which all that are safe had changed, and with `numbers` some of the bytes that are not.
    func cut(into folder: TemporaryFolder, _ numbers: inout SeededNumbers, isStrict: Bool) throws {
        let safe = (changes.lastIndex(where: \.isSafe) ?? -1) + 1
        let kept =
            isStrict
            ? changes.filter(\.isSafe) : Array(changes[..<Int.random(in: safe...changes.count, using: &numbers)])
        var names: [ObjectIdentifier: [String: Node]] = [:]
        for (folder, name, node) in kept.flatMap(\.names) {
            names[ObjectIdentifier(folder), default: [:]][name] = node
        }
        try write(root, folder.path, names, &numbers, isStrict: isStrict)
    }

    private func write(
        _ folder: Node, _ path: String, _ names: [ObjectIdentifier: [String: Node]], _ numbers: inout SeededNumbers,
        isStrict: Bool
    ) throws {
        for (name, node) in (names[ObjectIdentifier(folder)] ?? [:]).sorted(by: { $0.key < $1.key }) {
            let child = "\(path)/\(name)"
            if node.isFolder {
                try FileManager.default.createDirectory(atPath: child, withIntermediateDirectories: false)
                try write(node, child, names, &numbers, isStrict: isStrict)
            } else {
                let bytes = isStrict ? node.synced : Self.mixture(node.synced, node.bytes, &numbers)
                try Data(bytes).write(to: URL(filePath: child))
            }
        }
    }

    /// What may be left of a file: each sector as it was synced or as it was written last, and either length.
    private static func mixture(_ synced: [UInt8], _ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
        if synced == bytes { return bytes }
        let length = Bool.random(using: &numbers) ? synced.count : bytes.count
        let (before, after) = (resized(synced, length), resized(bytes, length))
        var mixed = before
        for sector in stride(from: 0, to: length, by: 512) {
            let end = min(sector + 512, length)
            if before[sector..<end] == after[sector..<end] { continue }
            if Bool.random(using: &numbers) { mixed.replaceSubrange(sector..<end, with: after[sector..<end]) }
        }
        return mixed
    }
}
