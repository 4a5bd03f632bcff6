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

    /// Writes an artifact of run one.
    @discardableResult
    package func publish(
        _ path: ArtifactPath, _ text: String, if condition: @escaping FileCondition = { _ in true }
    ) throws -> WriteOutcome {
        try store.change(.one, .artifact(try staged(text), path, if: condition))
    }
}
