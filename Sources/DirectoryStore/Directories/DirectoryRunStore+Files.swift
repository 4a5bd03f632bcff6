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
        case .folder(let folder): return .folder(try FolderListing(page, in: tree).page(of: folder))
        case nil: return nil
        }
    }
}

/// Makes a page of a folder. Entries that are neither file nor folder, or lead outside, are left out.
private struct FolderListing {
    private let request: FolderPage.Request
    private let tree: RunDirectory
    private var entries: [FolderPage.Entry] = []
    /// The name of the last entry, or its path in the folder.
    private var last: [UInt8]?
    private var isFull = false

    init(_ request: FolderPage.Request, in tree: RunDirectory) { (self.request, self.tree) = (request, tree) }

    func page(of folder: RunDirectory.Folder) throws(StoreError) -> FolderPage {
        var listing = self
        try listing.add(folder, [])
        return FolderPage(entries: listing.entries, next: listing.isFull ? listing.last : nil)
    }

    /// Adds what is in a folder, until the page is full.
    /// - Parameter path: the folder's in the one that is listed
    private mutating func add(_ folder: RunDirectory.Folder, _ path: [UInt8]) throws(StoreError) {
        for name in try storing({ () throws(FileFailure) in try folder.names() }) {
            let place = path.isEmpty ? name : path + Array("/".utf8) + name
            let isPassed = request.after.map { !FolderPage.precedes($0, place) } ?? false
            // The page may begin below a folder whose own name it is past.
            guard !isPassed || (request.isRecursive && request.after?.starts(with: place + Array("/".utf8)) == true)
            else { continue }
            let full = folder.path(of: name)
            guard let status = tree.status(full) else { continue }
            let kind = status.st_mode & S_IFMT
            guard kind == S_IFREG || kind == S_IFDIR else { continue }
            let artifact = String(validating: full, as: UTF8.self).flatMap(ArtifactPath.init)
            // A link to a folder may lead to one that it is in.
            if request.isRecursive, kind == S_IFDIR, let name = artifact?.components.last, !folder.isLink(name) {
                let inner = try storing { () throws(FileFailure) in try folder.folder(name) }
                if let inner { try add(inner, place) }
                if isFull { return }
                continue
            }
            if isPassed { continue }
            if entries.count == request.limit {
                isFull = true
                return
            }
            last = place
            entries.append(
                FolderPage.Entry(
                    text: String(decoding: full, as: UTF8.self), path: artifact, isFolder: kind == S_IFDIR,
                    size: Int(status.st_size), modified: FileVersion(status).modified))
        }
    }
}
