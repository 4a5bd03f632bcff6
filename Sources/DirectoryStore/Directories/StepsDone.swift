internal import Glibc
internal import LocalFiles

/// The steps of one write that were done so far, and how each is undone.
struct StepsDone {
    /// Undoes a step.
    typealias Undoing = () throws(FileFailure) -> Void

    private var undoings: [Undoing] = []
    /// Files that are needed only to undo a step.
    private var leftovers: [String] = []
    /// Folders that were deleted by renaming them.
    private var deleted: [String] = []

    /// Notes a step that was done, wholly or partly.
    mutating func note(_ undoing: @escaping Undoing) { undoings.append(undoing) }

    /// The same for a step that needs a file to be undone.
    mutating func note(leftover: String?, _ undoing: @escaping Undoing) {
        if let leftover { leftovers.append(leftover) }
        note(undoing)
    }

    /// Notes a staged file that was put at a path.
    mutating func note(
        _ swap: RunDirectory.Swap, of path: RunPath, in directory: RunDirectory, for staged: String
    ) {
        switch swap {
        case .made: note { () throws(FileFailure) in try directory.remove(path) }
        case .exchanged: note(leftover: staged) { () throws(FileFailure) in _ = try directory.swap(path, for: staged) }
        case .setAside(let before):
            note(leftover: before) { () throws(FileFailure) in _ = try directory.place(before, at: path) }
        }
    }

    /// Notes a file that was removed by renaming it.
    mutating func note(removing path: RunPath, of directory: RunDirectory, aside: String) {
        note(leftover: aside) { () throws(FileFailure) in _ = try directory.place(aside, at: path) }
    }

    /// Notes a folder that was deleted by renaming it.
    mutating func note(deleting path: String, aside: String) {
        deleted.append(aside)
        note { () throws(FileFailure) in try Files.rename(aside, to: path) }
    }

    /// Undoes all steps, the last one first. Stops at a failure, since an earlier step may depend on it (a folder that
    /// was made, and the file that was moved into it). When called again, it continues there.
    /// - Returns: the failure, if any
    mutating func takeBack() -> FileFailure? {
        while let undoing = undoings.last {
            do throws(FileFailure) { try undoing() } catch { return error }
            undoings.removeLast()
        }
        for file in leftovers { unlink(file) }
        leftovers.removeAll()
        return nil
    }

    /// Ends the write: removes the files that are needed only for undo. Those that cannot be removed now are removed at
    /// the next start.
    /// - Returns: deleted folders, to be emptied; that may take long
    func settle() -> [String] {
        for file in leftovers { unlink(file) }
        return deleted
    }
}
