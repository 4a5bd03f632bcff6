import Foundation
import TestSupport

/// A disk that keeps, when the power is cut, what POSIX promises and no more.
///
/// A file's bytes are safe when the file was synced. A name is safe when the directory that holds it was: names change in
/// order, so what changed before that, anywhere, is safe too, and renaming is one change (as on every file system with a
/// journal). To sync a file makes no name safe, though most file systems do that.
final class ModelDisk {
    /// A file or folder.
    private final class Node {
        let isFolder: Bool
        var bytes: [UInt8] = []
        var synced: [UInt8] = []

        init(isFolder: Bool) { self.isFolder = isFolder }
    }

    private enum Change {
        case make(parent: Node, String, Node)
        case move(from: Node, to: Node, isExchange: Bool, String, String)
        case remove(parent: Node, String)

        func involves(_ node: Node) -> Bool {
            switch self {
            case .make(let parent, _, _), .remove(let parent, _): parent === node
            case .move(let from, let to, _, _, _): from === node || to === node
            }
        }
    }

    private let root = Node(isFolder: true)
    private var nodes: [UInt64: Node]
    private var changes: [Change] = []
    /// How many of the changes are safe.
    private var safeChanges = 0

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
            changes.append(.make(parent: parent, name, node))
        case .link(let inode, let parent, let name):
            guard let node = nodes[inode], let parent = nodes[parent] else { return }
            changes.append(.make(parent: parent, name, node))
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
            changes.append(.move(from: from, to: to, isExchange: isExchange, name, newName))
        case .remove(let parent, let name):
            guard let parent = nodes[parent] else { return }
            changes.append(.remove(parent: parent, name))
        case .sync(let inode):
            guard let node = nodes[inode] else { return }
            node.synced = node.bytes
            guard node.isFolder, let last = changes.lastIndex(where: { $0.involves(node) }) else { return }
            safeChanges = max(safeChanges, last + 1)
        }
    }

    private static func resized(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        length <= bytes.count
            ? Array(bytes[..<length]) : bytes + [UInt8](repeating: 0, count: length - bytes.count)
    }

    // MARK: The power is cut

    /// Writes what is left into an empty folder: what is safe, and with `numbers` some of what is not.
    func cut(into folder: TemporaryFolder, _ numbers: inout SeededNumbers, isStrict: Bool) throws {
        let kept = isStrict ? safeChanges : Int.random(in: safeChanges...changes.count, using: &numbers)
        var names: [ObjectIdentifier: [String: Node]] = [:]
        for change in changes[..<kept] {
            switch change {
            case .make(let parent, let name, let node): names[ObjectIdentifier(parent), default: [:]][name] = node
            case .remove(let parent, let name): names[ObjectIdentifier(parent), default: [:]][name] = nil
            case .move(let from, let to, let isExchange, let name, let newName):
                let (from, to) = (ObjectIdentifier(from), ObjectIdentifier(to))
                let moved = names[from]?[name]
                names[from, default: [:]][name] = isExchange ? names[to]?[newName] : nil
                names[to, default: [:]][newName] = moved
            }
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
