import Limits
import LocalFiles
import RunStore

@testable import MetadataWriters

/// Archives of source. What is made of one that is taken has its paths below `source/`, and no more than the limits
/// allow.
func fuzzArchive(_ input: [UInt8]) {
    guard let sent = staged("sent"), (try? input.withUnsafeBytes { try sent.write($0) }) != nil else { return }
    sent.end()
    var limits = SourceWriter.Limits(bytes: 1 << 20)
    limits.entries = 100
    let writer = SourceWriter(roots: [], limits: limits) {
        guard let file = staged("made") else { throw NoFile() }
        return file
    }
    guard let changes = try? writer.changes(from: .archive(sent, nil), for: WriteRequest()) else { return }
    for change in changes {
        guard case .publish(let made, _, _) = change else { continue }
        var (total, entries) = (0, 0)
        let budget = Budget([])
        do {
            _ = try ArchiveReader.forEachEntry(of: .file(made.path), budget: budget) { entry in
                precondition(entry.path.hasPrefix("source/"), "\(entry.path) is not below source/")
                precondition(!entry.path.split(separator: "/").contains(".."), "\(entry.path) leaves the folder")
                entries += 1
                if entry.isFile { try entry.read { total += $0.count } }
            }
        } catch { preconditionFailure("what was made cannot be read: \(error)") }
        precondition(total <= 1 << 20, "more bytes than the limit")
    }
}

private struct NoFile: Error {}

private func staged(_ name: String) -> StagingFile? {
    FuzzFolder.shared.remove(name)
    return try? StagingFile(directory: FuzzFolder.shared.path, name: name)
}
