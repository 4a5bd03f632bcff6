internal import RunMetadata
internal import RunStore

/// One step of a write, as it is in the journal: enough to apply it again after a crash, any number of times.
///
/// A record names a run's folder, not its path: where the folder is (initialised, archived, pending) is found when the
/// record is applied. A run is one directory that is moved by renaming, so replaying old steps on a run that has moved
/// since ends, after the later steps, at the same place with the same content. A file's path is relative to the data
/// directory, an artifact's to the run's directory, in the form of `RecordPath`.
struct RedoRecord: Equatable, Sendable {
    enum Step: Equatable, Sendable {
        /// Make the run's directory among the pending ones.
        case create
        /// Write a file whole.
        case put(String, [UInt8])
        /// Write bytes at an offset of a file.
        case append(String, offset: Int, [UInt8])
        /// Remove a file.
        case remove(String)
        /// Rename a staged file into the run.
        case publish(String, staged: String)
        /// Put a staged folder, if it is the one with this inode number, at a path, replacing the present one if any.
        case publishFolder(String, staged: String, inode: UInt64)
        /// Rename a file of another folder into the run, if it is still the one with this inode number.
        case adopt(String, from: String, inode: UInt64)
        /// Rename the run's directory to a place.
        case move(RunPlace)
        /// Rename the run's directory from the archive back to the initialised ones.
        case restore
        /// Remove the folder and its contents. Its remains stay in the staging folder under this name until the next
        /// checkpoint, and show recovery that this was done.
        case delete(aside: String)
        /// Make the folder's run the active one of a session; an empty folder: no run.
        case activate(session: String)
        /// The run's `metrics.json` may lag behind its rows.
        case viewLags
    }

    /// A run id, or a session's name after `RunLayout.sessionMark`.
    let folder: String
    let step: Step

    init(_ folder: String, _ step: Step) {
        self.folder = folder
        self.step = step
    }
}

extension RedoRecord {
    /// The path of the file that the record changes, if any.
    var path: String? {
        switch step {
        case .put(let path, _), .append(let path, _, _), .remove(let path), .publish(let path, _),
            .publishFolder(let path, _, _), .adopt(let path, _, _):
            path
        case .create, .move, .restore, .delete, .activate, .viewLags: nil
        }
    }

    /// The content, if a whole file is written.
    var text: [UInt8]? { if case .put(_, let bytes) = step { bytes } else { nil } }

    /// The code of each step on disk. Part of the journal's format: never reused.
    private enum Code: UInt8 {
        case create = 1
        case put, append, remove, publish, adopt, move, delete, activate, viewLags, publishFolder, restore
    }

    /// Appends the record: code, folder, path (each a length and bytes), offset, content.
    func encode(into output: inout JournalBuffer) {
        switch step {
        case .create: head(.create, "", 0, 0, &output)
        case .put(let path, let bytes):
            head(.put, path, 0, bytes.count, &output)
            output.append(bytes)
        case .append(let path, let offset, let bytes):
            head(.append, path, UInt64(offset), bytes.count, &output)
            output.append(bytes)
        case .remove(let path): head(.remove, path, 0, 0, &output)
        case .publish(let path, let staged):
            head(.publish, path, 0, staged.utf8.count, &output)
            output.append(Array(staged.utf8))
        case .publishFolder(let path, let staged, let inode):
            head(.publishFolder, path, inode, staged.utf8.count, &output)
            output.append(Array(staged.utf8))
        case .adopt(let path, let from, let inode):
            head(.adopt, path, inode, from.utf8.count, &output)
            output.append(Array(from.utf8))
        case .move(let place): head(.move, "", UInt64(place.rawValue), 0, &output)
        case .restore: head(.restore, "", 0, 0, &output)
        case .delete(let aside): head(.delete, aside, 0, 0, &output)
        case .activate(let session): head(.activate, session, 0, 0, &output)
        case .viewLags: head(.viewLags, "", 0, 0, &output)
        }
    }

    private func head(_ code: Code, _ path: String, _ offset: UInt64, _ count: Int, _ output: inout JournalBuffer) {
        output.append(code.rawValue)
        output.append(UInt8(folder.utf8.count))
        output.append(UInt16(path.utf8.count))
        output.append(UInt32(count))
        output.append(offset)
        output.append(folder)
        output.append(path)
    }

    /// Reads a record; nil if the bytes are malformed.
    init?(from input: inout JournalReader) {
        guard let code = input.byte().flatMap(Code.init(rawValue:)), let folderCount = input.byte(),
            let pathCount = input.integer(UInt16.self), let count = input.integer(UInt32.self),
            let offset = input.integer(UInt64.self), let folder = input.text(Int(folderCount)),
            let path = input.text(Int(pathCount)), let content = input.bytes(Int(count))
        else { return nil }
        let text = String(decoding: content, as: UTF8.self)
        self.folder = folder
        switch code {
        case .create: step = .create
        case .put: step = .put(path, Array(content))
        case .append:
            guard let offset = Int(exactly: offset) else { return nil }
            step = .append(path, offset: offset, Array(content))
        case .remove: step = .remove(path)
        case .publish: step = .publish(path, staged: text)
        case .publishFolder: step = .publishFolder(path, staged: text, inode: offset)
        case .adopt: step = .adopt(path, from: text, inode: offset)
        case .move:
            guard let place = RunPlace(rawValue: UInt8(truncatingIfNeeded: offset)) else { return nil }
            step = .move(place)
        case .restore: step = .restore
        case .delete: step = .delete(aside: path)
        case .activate: step = .activate(session: path)
        case .viewLags: step = .viewLags
        }
        if !isSafe { return nil }
    }

    /// Whether all names in it are valid for its step, so that none leads elsewhere.
    private var isSafe: Bool {
        func isName(_ text: String) -> Bool { DataPath(text)?.components.count == 1 }
        if let path, RunPath.path(record: path) == nil { return false }
        switch step {
        case .activate(let session): return isName(session) && (folder.isEmpty || isName(folder))
        case .publish(_, let staged), .publishFolder(_, let staged, _):
            return isName(folder) && DataPath(staged) != nil
        case .adopt(_, let from, _): return isName(folder) && isName(from)
        case .delete(let aside): return isName(folder) && isName(aside)
        default: return isName(folder)
        }
    }
}
