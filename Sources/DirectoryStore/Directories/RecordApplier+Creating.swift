internal import Glibc
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Making a run's folder together with what is put into it: aside, under a name of its own, so that nothing has to be staged
/// and renamed file by file.
extension RecordApplier {
    /// Does the first steps of a write, where these make a folder that is not there and put files into it.
    /// - Returns: how many steps that were
    func create(_ records: [RedoRecord], _ done: inout StepsDone) throws(FileFailure) -> Int {
        guard let first = records.first, first.step == .create else { return 0 }
        let folder = first.folder
        let run = paths.run(folder, .pending)
        // With the folders in it that other steps make for artifacts.
        if Files.isOwnDirectory(run) { return 0 }
        let files = records.dropFirst().prefix { record in
            if case .put = record.step { return record.folder == folder }
            return false
        }
        let staged = newStagedPath("new")
        if mkdir(staged, 0o755) != 0 { throw FileFailure("mkdir", staged) }
        do throws(FileFailure) {
            try fill(staged, with: files)
            // Never over a directory: what it held would be lost with the folder, were this taken back.
            try Files.rename(staged, to: run)
        } catch {
            try? Files.removeTree(staged)
            throw error
        }
        done.note { () throws(FileFailure) in try Files.removeTree(run) }
        note(folder, at: .pending)
        return 1 + files.count
    }

    private func fill(_ staged: String, with files: ArraySlice<RedoRecord>) throws(FileFailure) {
        try Files.makeOwnDirectory("\(staged)/\(RunLayout.dataDirectory)")
        let directory = try RunDirectory(staged)
        // Of a file that is written twice, the later text.
        var texts: [(path: RunPath, bytes: [UInt8])] = []
        for record in files {
            guard case .put(let text, let bytes) = record.step else { continue }
            let path = try RunPath(record: text)
            texts.removeAll { $0.path.components == path.components }
            texts.append((path, bytes))
        }
        // By folder, each opened once.
        for (_, texts) in Dictionary(grouping: texts, by: \.path.folders) {
            try directory.withFolder(of: texts[0].path, makes: true) { folder throws(FileFailure) in
                for (path, bytes) in texts { try folder.make(path.name, bytes) }
            }
        }
    }
}
