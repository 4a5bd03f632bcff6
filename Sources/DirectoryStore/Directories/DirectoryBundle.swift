internal import Glibc
internal import LocalFiles
package import RunMetadata
package import RunStore
internal import Synchronization

/// All files of a run, to be read one after another: the metadata of one moment, and the artifacts as each is found.
///
/// Files of metadata are opened at the start, since they may be replaced while others are read; files that grow are
/// read up to their length then.
package final class DirectoryBundle: RunBundle {
    package let run: RunID
    package let entries: [BundleEntry]
    private let tree: RunDirectory
    private let kept: Mutex<[Int: StoredFile]>

    /// - Parameter kept: open files, by index of their entry
    init(run: RunID, tree: RunDirectory, entries: [BundleEntry], kept: [Int: StoredFile]) {
        (self.run, self.tree, self.entries) = (run, tree, entries)
        self.kept = Mutex(kept)
    }

    /// The files of a run's directory outside of any store.
    /// - Throws: if it does not exist, or has a link that leads out of it, a device or a socket
    package init(directory: String, as run: RunID) throws(StoreError) {
        let tree = try storing { () throws(FileFailure) in try RunDirectory(directory, followsLink: true) }
        let items = try tree.items(linkedFiles: true) { path throws(StoreError) in
            throw .outOfReach(
                "\"\(String(decoding: path, as: UTF8.self))\" is a device, a socket, or a link to a folder or out of it"
            )
        }
        (self.run, self.tree, entries) = (run, tree, items.map { BundleEntry($0) })
        kept = Mutex([:])
    }

    package func open(_ index: Int) throws(StoreError) -> (any Blob)? {
        if let file = kept.withLock({ $0.removeValue(forKey: index) }) { return file }
        guard
            case .file(let descriptor, let status) = try storing({ () throws(FileFailure) in
                try tree.open(entries[index].path)
            })
        else { return nil }
        return StoredFile(descriptor: descriptor, status: status)
    }
}

extension BundleEntry {
    init(_ item: RunDirectory.Item) {
        self.init(
            path: item.path, isFolder: item.isFolder, mode: UInt32(item.status.st_mode & 0o777),
            modified: item.status.st_mtim.tv_sec)
    }
}
