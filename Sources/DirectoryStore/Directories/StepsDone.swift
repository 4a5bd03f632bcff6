internal import Glibc
internal import LocalFiles

/// The steps of one write that were done so far, and how each is taken back.
struct StepsDone {
    /// What takes a step back.
    typealias Undoing = () throws(FileFailure) -> Void

    private var undoings: [Undoing] = []
    /// Files that are of use only as long as a step may be taken back.
    private var leftovers: [String] = []
    /// Folders that were deleted by setting them aside.
    private var deleted: [String] = []

    /// Notes a step that was done, or part of it.
    mutating func note(_ undoing: @escaping Undoing) { undoings.append(undoing) }

    /// The same of a step that needs a file for it.
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

    /// Takes all back, the last one first; ends where something could not be, since what came before may hold what it left
    /// (a folder that was made, and the file that was moved into it). Called again, it goes on there.
    /// - Returns: why something could not be
    mutating func takeBack() -> FileFailure? {
        while let undoing = undoings.last {
            do throws(FileFailure) { try undoing() } catch { return error }
            undoings.removeLast()
        }
        for file in leftovers { unlink(file) }
        leftovers.removeAll()
        return nil
    }

    /// All are done: what could have taken them back goes. What cannot be removed now is removed at the next start.
    /// - Returns: folders that were set aside, to be emptied; that may take long
    func settle() -> [String] {
        for file in leftovers { unlink(file) }
        return deleted
    }
}
