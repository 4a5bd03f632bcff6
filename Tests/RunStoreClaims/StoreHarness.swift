internal import Glibc
package import LocalFiles
package import RunMetadata
package import RunStore

/// A store under test, and what a test may do around it.
package protocol StoreHarness: AnyObject {
    /// The store, open and empty at first.
    var store: any RunStore { get }
    /// Where files are staged for it.
    var scratch: Scratch { get }
    var clock: TestClock { get }

    /// Closes the store and opens it again. A test must not keep the one before.
    func reopen() throws
    /// The same, with other rules.
    func reopen(_ rules: RunRules) throws
    /// Closes the store.
    func close()
    /// Moves a run into the archive.
    func archive(_ run: RunID) throws
}

extension StoreHarness {
    /// A staged and synced file.
    package func staged(_ text: String) throws -> StagingFile {
        let file = try scratch.makeFile()
        try Array(text.utf8).withUnsafeBytes { try file.write($0) }
        try file.finish()
        return file
    }

    /// A staged and synced folder with a file, beside what is there in run one, and its publication.
    package func staged(_ folder: DataPath, _ name: String, _ text: String) throws -> DataChange {
        try staged(folder, [(name, text)])
    }

    /// The same with any number of files.
    package func staged(_ folder: DataPath, _ files: [(name: String, text: String)]) throws -> DataChange {
        let staging = try scratch.makeFolder()
        let top = "\(staging.path)/data"
        for path in [top, "\(top)/\(folder)"] { try Files.makeDirectories(path) }
        for (name, text) in files {
            let file = try Files.open("\(top)/\(folder)/\(name)", O_WRONLY | O_CREAT | O_EXCL)
            defer { Glibc.close(file) }
            try Files.write(Array(text.utf8), to: file, at: 0, path: name)
        }
        try staging.sync(DataPath("data")!, files.map { DataPath("\(folder)/\($0.name)")! })
        let there = try store.localMetadata(of: .run(.one), in: staging)
        let version = there?.version(of: folder)
        let replaced = version == nil ? nil : there.map { "\($0.path)/\(folder)" }
        let staged = try staging.folder(DataPath("data/\(folder)")!, takingOver: replaced)
        return .publishFolder(staged, folder, over: version)
    }

    /// Writes an artifact of run one.
    @discardableResult
    package func publish(
        _ path: ArtifactPath, _ text: String, if condition: @escaping FileCondition = { _ in true }
    ) throws -> WriteOutcome {
        try store.change(.one, .artifact(try staged(text), path, if: condition))
    }
}
