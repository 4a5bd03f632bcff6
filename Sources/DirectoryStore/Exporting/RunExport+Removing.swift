internal import Glibc
internal import LocalFiles
internal import RunMetadata
package import RunStore

extension RunExport {
    /// Removes the directory of a run that is gone from the store, if the export has made everything in it.
    func remove(_ run: RunID, _ note: ExportNote?, removes: Bool) throws -> Effect {
        guard let note else { return .unchanged }
        let path = paths.run("\(run)", note.place)
        if !removes { return .kept("it is gone from the store; --follow removes such directories") }
        if Files.isOwnDirectory(path) {
            var other: String?
            let tree = try paths.open("\(run)", note.place)
            let items = try tree.items(linkedFiles: false) { other = String(decoding: $0, as: UTF8.self) }
            for item in items where !item.isFolder {
                let path = String(validating: item.path, as: UTF8.self).flatMap(ArtifactPath.init)
                if path.flatMap({ note.files[$0] }) == nil { other = String(decoding: item.path, as: UTF8.self) }
            }
            if let other { return .kept("it has \"\(other)\", which no export has made") }
            // The rename removes it at once; emptying it takes its time.
            let away = "\(staging)/gone-\(run)"
            try Files.rename(path, to: away)
            try Files.sync(paths.container(note.place))
            try Files.removeTree(away)
        }
        try Files.remove(self.note(of: run))
        return .removed
    }

    // MARK: Documents

    /// Brings a document that belongs to no run to the store's version, unless another program has changed it.
    /// - Returns: false if another program has; the document stays
    package func update(_ name: DocumentName, to bytes: [UInt8]?) throws -> Bool {
        let (path, copy) = (paths.document(name), "\(paths.exports)/\(name).json")
        let there = try Files.read(path)
        if there == bytes { return true }
        // What the export wrote last.
        guard try there == nil || there == Files.read(copy) else { return false }
        if let bytes {
            try Files.makeDirectories(paths.documents)
            try Files.replace(copy, by: bytes)
            try Files.replace(path, by: bytes)
        } else {
            try Files.remove(path)
        }
        for folder in [paths.exports, paths.documents] { try Files.sync(folder) }
        return true
    }
}
