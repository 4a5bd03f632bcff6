import DirectoryStore
import Glibc
import LocalFiles
import Logging
import PostgresStore
import RunMetadata
import RunStore

/// The destination of `rundir import`: a runs directory, which a server may be using, or a database.
final class ImportTarget {
    /// The store, and where files are staged for it; nil: a server is using the runs directory.
    let whole: (store: any RunStore & DocumentStore, scratch: Scratch)?
    private let begin: (RunID) throws -> any RunIntake
    private let end: () -> Void

    /// - Parameters:
    ///   - runs: the runs directory, used if no database is given; it is recovered from a crash first
    ///   - isAlone: whether to refuse a directory that a server is using
    init(_ options: StoreOptions, runs: String, isAlone: Bool = false) throws {
        guard options.address != nil else {
            var store: DirectoryRunStore?
            do { store = try DirectoryRunStore(runs: runs) } catch { if isAlone || !error.isTaken { throw error } }
            whole = store.map { (store: $0 as any RunStore & DocumentStore, scratch: $0.scratch) }
            begin = { try RunImport(of: $0, into: runs) }
            end = { [store] in store?.close() }
            return
        }
        let folder = try SpoolFolder()
        let store = try options.open(makesTables: true)
        whole = (store, Scratch(folder: folder.path, uploads: folder.uploads))
        begin = { try store.intake(of: $0, spooling: folder.path) }
        end = {
            store.close()
            folder.remove()
        }
    }

    /// Begins to import a run.
    func intake(of run: RunID) throws -> any RunIntake { try begin(run) }

    func close() { end() }
}

/// A folder for files that are being imported, in `TMPDIR` or else `/var/tmp`, since they may be large.
private final class SpoolFolder: Sendable {
    let path: String
    var uploads: String { "\(path)/uploads" }

    init() throws {
        var template = Array("\(Environment.text("TMPDIR") ?? "/var/tmp")/rundir-import-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!).map { String(cString: $0) } }
        guard let made else {
            throw FileFailure("mkdtemp", String(decoding: template.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        path = made
        try Files.makeDirectory("\(made)/uploads")
    }

    func remove() { try? Files.removeTree(path) }
}
