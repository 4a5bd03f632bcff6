import DirectoryStore
import Logging

@testable import MetadataWriters

/// Descriptions of custom types, in a writers folder, and a body for each: a NUL and a byte that chooses its form
/// divide the one from the other.
func fuzzDescription(_ input: [UInt8]) {
    let parts = input.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let body = parts.count > 1 ? Array(parts[1]) : Array("\0{\"a\": 1}".utf8)
    let folder = FuzzFolder.shared
    folder.write(Array(parts[0]), as: "thing.json")
    guard let writers = try? WritersFolder.load(folder.path, Trial.context) else {
        return
    }
    for writer in writers {
        _ = try? writer.changes(from: bodyOfForm(body.first ?? 0, Array(body.dropFirst())), for: WriteRequest())
        _ = (writer.summary, writer.accepts)
    }
}

private enum Trial {
    private static let runs = FuzzFolder()
    /// What writers need that have a store.
    static let context = {
        do {
            let log = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
            let store = try DirectoryRunStore(runs: runs.path, log: log)
            return FolderWriter.Context(
                store: store, scratch: store.scratch, limits: SourceWriter.Limits(bytes: 1 << 20))
        } catch {
            fatalError("\(error)")
        }
    }()
}
