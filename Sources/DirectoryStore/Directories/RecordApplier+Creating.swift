internal import Glibc
internal import JSON
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// Makes a run's folder together with its files under a temporary name, and renames it, so that the files need not be
/// staged and renamed one by one.
extension RecordApplier {
    /// Does the first steps of a write, if they make a new folder and put files into it.
    /// - Returns: how many steps were done
    func create(_ records: [RedoRecord], _ done: inout StepsDone) throws(FileFailure) -> Int {
        guard let first = records.first, first.step == .create else { return 0 }
        let folder = first.folder
        let run = paths.run(folder, .pending)
        // It may exist already, with folders that other steps made for artifacts.
        if Files.isOwnDirectory(run) { return 0 }
        let files = records.dropFirst().prefix { record in
            if case .put = record.step { return record.folder == folder }
            return false
        }
        let staged = newStagedPath("new")
        if mkdir(staged, 0o755) != 0 { throw FileFailure("mkdir", staged) }
        do throws(FileFailure) {
            try fill(staged, with: files)
            // Never over a directory: undoing this would lose its contents.
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
        // If a file is written twice, the later text.
        var texts: [(name: ExactText, path: RunPath, bytes: [UInt8])] = []
        for record in files {
            guard case .put(let text, let bytes) = record.step else { continue }
            let name = ExactText(text)
            texts.removeAll { $0.name == name }
            texts.append((name, try RunPath(record: text), bytes))
        }
        // By folder, each opened once.
        let folders = Dictionary(grouping: texts) { ExactText($0.path.folders.joined(separator: "/")) }
        for texts in folders.values {
            try directory.withFolder(of: texts[0].path, makes: true) { folder throws(FileFailure) in
                for (_, path, bytes) in texts { try folder.make(path.name, bytes) }
            }
        }
    }
}
