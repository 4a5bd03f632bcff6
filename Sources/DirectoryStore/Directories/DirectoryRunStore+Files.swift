internal import Glibc
internal import LocalFiles
package import RunMetadata
package import RunStore

extension DirectoryRunStore {
    package func file(
        _ path: ArtifactPath?, of run: RunID, page: FolderPage.Request
    ) throws(StoreError) -> RunFile? {
        guard let (_, tree) = try directory(of: run) else { throw .unknownRun }
        if path?.isMetadata == true { bringUpToDate(run) }
        if let document = path?.dataPath, document.isDocument {
            let file = try file(document, of: run, tree) { () throws(FileFailure) in
                try tree.openFile(RunPath(document))
            }
            if let file { return .file(file) }
        }
        let bytes = path.map { Array($0.description.utf8) } ?? []
        switch try storing({ () throws(FileFailure) in try tree.open(bytes) }) {
        case .file(let descriptor, let status): return .file(StoredFile(descriptor: descriptor, status: status))
        case .folder(let folder): return .folder(try self.page(page, of: folder, in: tree))
        case nil: return nil
        }
    }

    /// A page of a folder. Entries that are neither file nor folder, or lead outside, are left out.
    private func page(
        _ request: FolderPage.Request, of folder: RunDirectory.Folder, in tree: RunDirectory
    ) throws(StoreError) -> FolderPage {
        var entries: [FolderPage.Entry] = []
        var last: [UInt8]?
        for name in try storing({ () throws(FileFailure) in try folder.names() }) {
            if let after = request.after, !after.lexicographicallyPrecedes(name) { continue }
            let full = folder.path(of: name)
            guard let status = tree.status(full) else { continue }
            let kind = status.st_mode & S_IFMT
            guard kind == S_IFREG || kind == S_IFDIR else { continue }
            if entries.count == request.limit { return FolderPage(entries: entries, next: last) }
            last = name
            entries.append(
                FolderPage.Entry(
                    text: String(decoding: full, as: UTF8.self),
                    path: String(validating: full, as: UTF8.self).flatMap(ArtifactPath.init),
                    isFolder: kind == S_IFDIR, size: Int(status.st_size), modified: FileVersion(status).modified))
        }
        return FolderPage(entries: entries, next: nil)
    }
}
