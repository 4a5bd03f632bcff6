internal import LocalFiles
internal import Synchronization
internal import Threads

/// Folders that were deleted by setting them aside, to be emptied beside the way of writes: a run may have very many files.
///
/// What is left of each is removed at the next checkpoint, or the next start.
final class DeletedFolders: Sendable {
    private let folders = Mutex<[String]>([])
    private let bell: Doorbell

    init(bell: Doorbell) { self.bell = bell }

    func append(_ more: [String]) {
        folders.withLock { $0 += more }
        bell.ring()
    }

    /// Removes all that is in them.
    func empty() {
        let all = folders.withLock { folders in
            defer { folders = [] }
            return folders
        }
        for folder in all { try? Files.empty(folder) }
    }
}
