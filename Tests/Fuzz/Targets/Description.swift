import DirectoryStore
import Logging

@testable import MetadataWriters

/// Descriptions of custom types, in a writers folder.
func fuzzDescription(_ input: [UInt8]) {
    let folder = FuzzFolder.shared
    folder.write(input, as: "thing.json")
    guard let writers = try? WritersFolder.load(folder.path, store: Trial.store, scratch: Trial.store.scratch) else {
        return
    }
    for writer in writers {
        _ = try? writer.changes(from: .json(Array(#"{"a": 1}"#.utf8)), for: WriteRequest())
        _ = (writer.summary, writer.accepts)
    }
}

private enum Trial {
    private static let runs = FuzzFolder()
    /// A store for writers that need one.
    static let store = {
        do {
            return try DirectoryRunStore(runs: runs.path, log: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            fatalError("\(error)")
        }
    }()
}
