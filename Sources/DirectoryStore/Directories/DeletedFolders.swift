internal import LocalFiles
internal import Synchronization
internal import Threads

/// Folders that were deleted by renaming them, to be emptied outside of the path of writes: a run may have very many
/// files.
///
/// Their remains are removed at the next checkpoint, or the next start.
final class DeletedFolders: Sendable {
    private let folders = Mutex<[String]>([])
    private let bell: Doorbell

    init(bell: Doorbell) { self.bell = bell }

    func append(_ more: [String]) {
        folders.withLock { $0 += more }
        bell.ring()
    }

    /// Removes their contents.
    func empty() {
        let all = folders.withLock { folders in
            defer { folders = [] }
            return folders
        }
        for folder in all { try? Files.empty(folder) }
    }
}
