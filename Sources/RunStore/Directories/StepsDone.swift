internal import CLinux
internal import Glibc

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
    mutating func note(_ swap: Files.Swap, of path: String, for staged: String) {
        switch swap {
        case .made: note { () throws(FileFailure) in try Files.remove(path) }
        case .exchanged:
            leftovers.append(staged)
            note { () throws(FileFailure) in
                if clinux_exchange(staged, path) != 0 { throw FileFailure("renameat2", path) }
            }
        case .setAside(let before):
            leftovers.append(before)
            note { () throws(FileFailure) in try Files.rename(before, to: path) }
        }
    }

    /// Notes a file that was renamed, and what stood where it went.
    mutating func note(renaming file: String, to path: String, before: String?) {
        if let before { leftovers.append(before) }
        note { () throws(FileFailure) in
            try Files.rename(path, to: file)
            if let before { try Files.rename(before, to: path) }
        }
    }

    /// Notes a file that was removed by renaming it.
    mutating func note(removing path: String, aside: String) {
        leftovers.append(aside)
        note { () throws(FileFailure) in try Files.rename(aside, to: path) }
    }

    /// Notes a folder that was deleted by renaming it.
    mutating func note(deleting path: String, aside: String) {
        deleted.append(aside)
        note { () throws(FileFailure) in try Files.rename(aside, to: path) }
    }

    /// Takes all back, the last one first; ends where something could not be, since what came before may hold what it left
    /// (a folder that was made, and the file that was moved into it).
    /// - Returns: why something could not be
    func takeBack() -> FileFailure? {
        do throws(FileFailure) { for undoing in undoings.reversed() { try undoing() } } catch { return error }
        for file in leftovers { unlink(file) }
        return nil
    }

    /// All are done: what could have taken them back goes. What cannot be removed now is removed at the next start.
    /// - Returns: folders that were set aside, to be emptied; that may take long
    func settle() -> [String] {
        for file in leftovers { unlink(file) }
        return deleted
    }
}
