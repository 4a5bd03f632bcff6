internal import CLinux
internal import Glibc
internal import LocalFiles
package import RunMetadata
package import RunStore
internal import Threads

/// Writes the runs of another store as run directories, byte for byte as `DirectoryRunStore` would have them, and keeps
/// them up to date.
///
///     let export = try RunExport(of: store, into: "/srv/runs")
///     for run in runs { _ = try export.update(run, removes: false) }
///
/// A new run appears whole, by one rename; in existing ones, each file is replaced by a rename. Only what has changed
/// is written: for each run, a note has the version of each exported file, and of the file that was written
/// (`ExportNote`). So an export can be stopped at any time and started again. Files that it has not written itself are
/// neither changed nor removed.
///
/// For one thread.
package final class RunExport {
    /// Why something cannot be exported.
    package struct Refusal: Error, CustomStringConvertible {
        package let description: String
    }

    /// What was done to a run's directory.
    package enum Effect: Equatable {
        /// The run is new, some of its files were written or removed (`files`: how many), or it was moved into or out
        /// of the archive.
        case written(files: Int)
        case unchanged
        /// The run is not initialised yet.
        case pending
        /// The run is gone from the store, and so is its directory.
        case removed
        /// The run is gone from the store; its directory stays. The text says why.
        case kept(String)
    }

    private let store: any RunStore
    let paths: RunPaths
    /// The folders in which files are prepared, and of the notes.
    let staging: String
    let notes: String
    /// A lock that the export holds, so that there is one at a time.
    private let lock: CInt
    private var staged = 0

    /// - Parameters:
    ///   - store: a store with a permanent `ChangeID.series`, which identifies it
    ///   - runs: the directory, which is made if it is missing
    /// - Throws: `Refusal` if another process exports into it, or it has an export of another store
    package init(of store: any RunStore, into runs: String) throws {
        let paths = RunPaths(runs: runs)
        let (staging, notes) = ("\(paths.exports)/staging", "\(paths.exports)/runs")
        for path in [paths.exports, staging, notes] { try Files.makeDirectories(path) }
        // Closed in `deinit`, also if the initialiser fails from here on.
        lock = try Files.open("\(paths.exports)/lock", O_RDWR | O_CREAT)
        self.store = store
        self.paths = paths
        self.staging = staging
        self.notes = notes
        guard clinux_lock(lock) == 0 else { throw Refusal(description: "another export into \(runs) is going on") }
        let series = Array(store.changes.position.series.utf8)
        let mark = "\(paths.exports)/store"
        if let there = try Files.read(mark), there != series {
            throw Refusal(
                description: "\(runs) has an export of another database; choose another directory, or empty it")
        }
        try Files.replace(mark, by: series)
        try Files.sync(paths.exports)
        // The remains of an interrupted export.
        try Files.empty(staging)
    }

    deinit { close(lock) }

    func note(of run: RunID) -> String { "\(notes)/\(run).json" }

    /// The runs that were exported.
    package func written() throws -> [RunID] {
        try Files.names(in: notes).filter { $0.hasSuffix(".json") }.compactMap { RunID(String($0.dropLast(5))) }
    }

    /// Brings a run's directory to the store's state.
    /// - Parameter removes: whether the directory of a run that is gone from the store is removed
    /// - Throws: `Refusal` if something else is at the path of the run or of a file; `StoreError`
    package func update(_ run: RunID, removes: Bool) throws -> Effect {
        let known = try ExportNote.read(note(of: run))
        guard let place = try place(of: run) else { return try remove(run, known, removes: removes) }
        if place == .pending { return .pending }
        let bundle: any RunBundle
        do throws(StoreError) { bundle = try store.bundle(of: run) } catch {
            if error == .unknownRun { return try remove(run, known, removes: removes) }
            throw error
        }
        guard var note = known else { return try begin(run, bundle, at: place) }
        if !Files.isOwnDirectory(paths.run("\(run)", note.place)) {
            // Somebody removed it, or an export was interrupted before it was made.
            return try begin(run, bundle, at: place)
        }
        let isMoved = note.place != place
        if isMoved { try move(run, &note, to: place) }
        let count = try bring(run, &note, to: bundle)
        return count > 0 || isMoved ? .written(files: count) : .unchanged
    }

    /// The place of a run; nil if there is none.
    private func place(of run: RunID) throws(StoreError) -> RunPlace? {
        switch try store.snapshot(of: run)?.status {
        case nil: nil
        case .pending: .pending
        case .archived: .archived
        default: .initialised
        }
    }

    // MARK: New runs

    private func begin(_ run: RunID, _ bundle: any RunBundle, at place: RunPlace) throws -> Effect {
        for other in [RunPlace.initialised, .archived]
        where clinux_kind_at(paths.run("\(run)", other), 0) != CLINUX_NOTHING {
            throw Refusal(description: "\(paths.run("\(run)", other)) is there, and no export has made it; it stays")
        }
        var note = ExportNote(place: place)
        let intake = try RunImport(of: run, into: paths.runs)
        try intake.addFolder(RunLayout.dataDirectory, modified: bundle.entries.map(\.modified).max() ?? 0)
        for (index, entry) in bundle.entries.enumerated() where !entry.isFolder {
            let path = try Self.path(of: entry)
            guard let file = try bundle.open(index) else { continue }
            try intake.addFile("\(path)", mode: entry.mode, modified: entry.modified) { write in
                try Self.copy(file, write)
            }
            note.files[path] = ExportNote.File(version: file.version, written: nil)
        }
        // Before the directory exists, so that it is known as the export's whenever the export is interrupted.
        try write(note, of: run)
        _ = try intake.finish(in: place)
        let tree = try paths.open("\(run)", place)
        for path in note.files.keys {
            note.files[path]?.written = FileVersion(file: tree.status(RunPath(path)))?.text
        }
        try write(note, of: run)
        return .written(files: note.files.count)
    }

    /// The path of an entry, checked.
    private static func path(of entry: BundleEntry) throws -> ArtifactPath {
        guard let path = String(validating: entry.path, as: UTF8.self).flatMap(ArtifactPath.init) else {
            throw Refusal(
                description:
                    "the file \"\(String(decoding: entry.path, as: UTF8.self))\" cannot be written: \(ArtifactPath.rule)"
            )
        }
        return path
    }

    private static func copy(_ file: any Blob, _ write: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: min(max(1, file.size), 1 << 20), alignment: 16) { buffer in
            var offset = 0
            while offset < file.size {
                let count = try file.read(at: offset, into: buffer)
                guard count > 0 else { throw Refusal(description: "a file became shorter while it was being read") }
                try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += count
            }
        }
    }

    // MARK: Runs that are there

    private func move(_ run: RunID, _ note: inout ExportNote, to place: RunPlace) throws {
        let (old, new) = (paths.run("\(run)", note.place), paths.run("\(run)", place))
        try Files.makeDirectory(paths.container(place))
        guard clinux_rename_new(old, new) == 0 else {
            if errno == EEXIST {
                throw Refusal(description: "\(new) is there, and no export has made it; \(old) stays")
            }
            throw FileFailure("rename", new)
        }
        note.place = place
        try write(note, of: run)
        for place in [RunPlace.initialised, .archived] { try Files.sync(paths.container(place)) }
    }

    /// Writes the files that have changed, and removes those that are gone.
    /// - Returns: the number of files
    private func bring(_ run: RunID, _ note: inout ExportNote, to bundle: any RunBundle) throws -> Int {
        let tree = try paths.open("\(run)", note.place)
        var wanted: [(path: ArtifactPath, entry: BundleEntry, file: any Blob)] = []
        var there: Set<ArtifactPath> = []
        for (index, entry) in bundle.entries.enumerated() where !entry.isFolder {
            let path = try Self.path(of: entry)
            guard let file = try bundle.open(index) else { continue }
            there.insert(path)
            if note.isUpToDate(path, file.version, tree.ownStatus(path)) { continue }
            wanted.append((path, entry, file))
        }
        let gone = note.files.keys.filter { !there.contains($0) }
        if wanted.isEmpty, gone.isEmpty { return 0 }
        // First, since a new file may replace a folder.
        for path in gone {
            try tree.remove(RunPath(path))
            try tree.removeEmptyFolders(above: RunPath(path))
            note.files[path] = nil
        }
        // Noted before they are written, so that new files are known as the export's.
        let new = wanted.filter { note.files[$0.path] == nil }
        for (path, _, file) in new {
            if tree.ownStatus(path) != nil {
                throw Refusal(description: "\(run)/\(path) is there, and no export has made it; it stays")
            }
            note.files[path] = ExportNote.File(version: file.version, written: nil)
        }
        if !new.isEmpty { try write(note, of: run) }
        for (path, entry, file) in wanted {
            staged += 1
            let fresh = try StagingFile(directory: staging, name: "file-\(staged)")
            try Self.copy(file) { try fresh.write($0) }
            try fresh.setModified(nanoseconds: entry.modified * 1_000_000_000)
            try fresh.finish()
            _ = try tree.place(fresh.path, at: RunPath(path))
            fresh.published()
            note.files[path] = ExportNote.File(
                version: file.version, written: FileVersion(file: tree.status(RunPath(path)))?.text)
        }
        for folder in Set((wanted.map(\.path) + gone).map { $0.parent?.description ?? "" }) {
            _ = try tree.sync(Array(folder.utf8))
        }
        try write(note, of: run)
        return wanted.count + gone.count
    }

    func write(_ note: ExportNote, of run: RunID) throws {
        try Files.replace(self.note(of: run), by: note.text)
        try Files.sync(notes)
    }
}

extension RunDirectory {
    /// The status of what is at a path, even if it is a link; nil if there is nothing.
    fileprivate func ownStatus(_ path: ArtifactPath) -> stat? { try? ownStatus(Array(path.description.utf8)) }
}
