internal import Glibc
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A write that was asked for, and who waits for it.
struct WaitingWrite: Sendable {
    let write: RunWrite
    /// When it was asked for (CLOCK_MONOTONIC, nanoseconds).
    let since: UInt64
    let completion: @Sendable (Result<WriteOutcome, StoreError>) -> Void
    /// What its large files have become.
    var uploads = UploadedObjects()

    /// About how many bytes it brings.
    var size: Int {
        guard case .change(let changes) = write.action else { return 1000 }
        return changes.reduce(0) { $0 + size(of: $1) }
    }

    private func size(of change: DataChange) -> Int {
        switch change {
        case .put(_, let bytes): bytes.count
        case .rows(let rows): rows.bytes.count
        case .frame(let frame): frame.text.count
        case .append(_, let head, let bytes): head.count + bytes.count
        case .publish(let staged, _, _), .artifact(let staged, _, _):
            uploads.byFile[staged.path] != nil ? 100 : Files.status(staged.path).map { Int($0.st_size) } ?? 0
        case .publishFolder: WorkingRun.largestFile.most
        default: 100
        }
    }
}
