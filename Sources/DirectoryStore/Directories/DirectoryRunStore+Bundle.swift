internal import Glibc
internal import LocalFiles
package import RunMetadata
package import RunStore
internal import Synchronization

extension DirectoryRunStore {
    /// The most files of metadata that are kept open for a bundle. If there are more, which custom types may make, the
    /// rest is opened when it is read.
    private static let keptFiles = 500

    package func bundle(of run: RunID) throws(StoreError) -> any RunBundle {
        guard let (_, tree) = try directory(of: run) else { throw .unknownRun }
        bringUpToDate(run)
        // So that this reading is done before.
        _ = metricsFiles.holder(of: run.description, in: tree)
        let data = Array(RunLayout.dataDirectory.utf8)
        let items = try tree.items(below: data, linkedFiles: true)
        // Nothing is written meanwhile, so that everything is of one moment. It must not take long: if there are many
        // files, those of a moment ago are used.
        let taken = Mutex<Result<Metadata, StoreError>?>(nil)
        exclusively { _ in
            let result = Result { () throws(StoreError) in
                let isSmall = items.count <= Self.keptFiles
                return try self.open(isSmall ? tree.items(below: data, linkedFiles: true) : items, of: run, tree)
            }
            taken.withLock { $0 = result }
        }
        guard var metadata = try taken.withLock({ $0 })?.get() else { throw .stopping }
        try completeFrame(&metadata)
        try copyDocuments(&metadata, tree)
        let artifacts = try tree.items(linkedFiles: true, excluding: [Array(RunLayout.dataDirectory.utf8)])
        let entries = metadata.entries + artifacts.map { BundleEntry($0) }
        return DirectoryBundle(run: run, tree: tree, entries: entries, kept: metadata.kept)
    }

    /// The path of a file of metadata in the run's directory.
    private static func path(_ path: DataPath) -> [UInt8] { Array("\(RunLayout.dataDirectory)/\(path)".utf8) }

    /// The files of a data directory.
    private struct Metadata: Sendable {
        var entries: [BundleEntry] = []
        var kept: [Int: StoredFile] = [:]
        /// The indices of `metrics.json` and of the rows of which it is a view.
        var frame: Int?
        var rows: Int?
        /// Whether the view lags behind those rows.
        var frameLags = false
    }

    /// Opens the files of a data directory.
    private func open(_ items: [RunDirectory.Item], of run: RunID, _ tree: RunDirectory) throws(StoreError) -> Metadata
    {
        var metadata = Metadata(entries: items.map { BundleEntry($0) })
        for (index, item) in items.prefix(Self.keptFiles).enumerated() where !item.isFolder {
            let opened = try storing { () throws(FileFailure) in try tree.open(item.path) }
            guard case .file(let descriptor, let status) = opened else { continue }
            metadata.kept[index] = StoredFile(descriptor: descriptor, status: status)
        }
        metadata.frame = metadata.entries.firstIndex { $0.path.elementsEqual(Self.path(.metricsFrame)) }
        metadata.rows = metadata.entries.firstIndex { $0.path.elementsEqual(Self.path(.metricsRows)) }
        if metadata.rows.flatMap({ metadata.kept[$0] }) != nil {
            let frame = metadata.frame.flatMap { metadata.kept[$0] }
            let isView = metricsFiles.holder(of: run.description, in: tree) == .rows
            metadata.frameLags =
                isView
                && (views.contains(run.description) || frame == nil
                    || !metricsFiles.isUpToDate(run.description, in: tree))
        }
        return metadata
    }

    /// Makes the frame of the taken rows, if the one on the disk has fewer.
    private func completeFrame(_ metadata: inout Metadata) throws(StoreError) {
        guard metadata.frameLags, let place = metadata.rows, let rows = metadata.kept[place] else { return }
        let made = try frame(of: rows)
        let index = metadata.frame ?? metadata.entries.count
        metadata.kept[index] = made
        if index == metadata.entries.count {
            let entry = metadata.entries[place]
            metadata.entries.append(
                BundleEntry(
                    path: Self.path(.metricsFrame), isFolder: false,
                    mode: entry.mode, modified: entry.modified))
        }
    }

    /// Copies documents, since other programs may write them in place while they are sent.
    private func copyDocuments(_ metadata: inout Metadata, _ tree: RunDirectory) throws(StoreError) {
        for path in [DataPath.flags, .evaluation, .error, .metricsFrame, .sentFlags, .sentEvaluation] {
            guard let index = metadata.entries.firstIndex(where: { $0.path.elementsEqual(Self.path(path)) }),
                let file = metadata.kept.removeValue(forKey: index)
            else { continue }
            if let descriptor = file.openDescriptor(), case .whole(let copy) = try copies.copy(descriptor, path) {
                metadata.kept[index] = copy
                continue
            }
            metadata.kept[index] = try Settling.read(path, in: tree) { () throws(StoreError) -> Settled<StoredFile?> in
                guard let file = try storing({ () throws(FileFailure) in try tree.openFile(RunPath(path)) }) else {
                    return .whole(nil)
                }
                guard case .whole(let copy) = try copies.copy(file, path) else { return .torn }
                return .whole(copy)
            }
        }
    }

    /// The frame of rows as a file without a name; in memory if the disk has no room.
    private func frame(of rows: StoredFile) throws(StoreError) -> StoredFile {
        do throws(StoreError) {
            let file = try spooling { () throws(ScratchError) in try scratch.makeFile() }
            try writeFrame(of: rows.descriptor, size: rows.size) { bytes throws(StoreError) in
                var failure: StoreError?
                bytes.withUnsafeBytes { bytes in
                    do throws(ScratchError) { try file.write(bytes) } catch { failure = StoreError(error) }
                }
                if let failure { throw failure }
            }
            return try storing { () throws(FileFailure) in
                StoredFile(descriptor: try Files.open(file.path, O_RDONLY))
            }
        } catch {
            return try frameInMemory(of: rows.descriptor, size: rows.size)
        }
    }
}
