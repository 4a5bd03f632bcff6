import Glibc
import Limits
import LocalFiles
import RunStore
import Synchronization
import TestSupport

@testable import DirectoryStore
@testable import MetadataWriters
@testable import RunMetadata

/// A source writer with a folder for its staging files.
struct SourceFixture {
    let folder: TemporaryFolder
    let writer: SourceWriter
    private let numbers: Numbers

    private final class Numbers: Sendable {
        private let last = Mutex(0)
        func next() -> Int {
            last.withLock {
                $0 += 1
                return $0
            }
        }
    }

    static func make(bytes: Int = 1 << 20, entries: Int = 1000, roots: [String] = []) -> SourceFixture {
        // As the server does at its start: libarchive converts names by the locale, and fails hard without one.
        setlocale(LC_CTYPE, "C.UTF-8")
        let folder = TemporaryFolder()
        let numbers = Numbers()
        var limits = SourceWriter.Limits(bytes: bytes)
        limits.entries = entries
        let writer = SourceWriter(roots: roots, limits: limits) {
            try StagingFile(directory: folder.path, name: "made-\(numbers.next())")
        }
        return SourceFixture(folder: folder, writer: writer, numbers: numbers)
    }

    /// A file that was uploaded.
    func staged(_ bytes: [UInt8]) throws -> StagingFile {
        let file = try StagingFile(directory: folder.path, name: "sent-\(numbers.next())")
        try bytes.withUnsafeBytes { try file.write($0) }
        return file
    }

    /// What the writer makes of an archive.
    func take(_ archive: [UInt8]) throws -> Source { try take(.archive(staged(archive), nil)) }

    func take(_ body: MetadataBody) throws -> Source {
        let changes = try writer.changes(from: body, for: WriteRequest())
        guard changes.count == 2, case .publish(let file, let path, _) = changes[0],
            case .script(let script, _) = changes[1],
            path == .source
        else { throw Unexpected(changes: changes) }
        return Source(file: file, script: script, folder: folder)
    }

    /// What the writer makes of an archive that it has looked at since its beginning, as it came, piece by piece.
    func takeArriving(_ archive: [UInt8], pieces size: Int) throws -> Source {
        let file = try StagingFile(directory: folder.path, name: "sent-\(numbers.next())")
        let reception = writer.receive(file, beginning: Array(archive.prefix(size)))
        for start in stride(from: 0, to: archive.count, by: size) {
            try archive[start..<min(start + size, archive.count)].withUnsafeBytes { try file.write($0) }
        }
        file.end()
        return try take(.archive(file, reception))
    }

    struct Unexpected: Error { let changes: [DataChange] }

    /// A `source.tar.gz` that is to be published.
    struct Source {
        let file: StagingFile
        let script: String
        fileprivate let folder: TemporaryFolder

        /// The bytes of it.
        var bytes: [UInt8]? { folder.read(file.name) }

        /// The files in it, as `source/train.py 644 content`.
        var files: [String] {
            get throws {
                var files: [String] = []
                let kind = try ArchiveReader.forEachEntry(of: .file(file.path), budget: Budget([])) { entry in
                    guard entry.isFile else { return }
                    var content: [UInt8] = []
                    try entry.read { content += $0 }
                    files.append(
                        "\(entry.path) \(String(entry.mode, radix: 8)) \(String(decoding: content, as: UTF8.self))")
                }
                return kind.isGzippedTar ? files : ["not a tar.gz"]
            }
        }
    }
}
