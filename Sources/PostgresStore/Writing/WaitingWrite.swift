internal import Glibc
internal import Limits
internal import LocalFiles
internal import RunMetadata
internal import RunStore

/// A write that was asked for, and its completion handler.
struct WaitingWrite: Sendable {
    /// - Parameter reservation: if only a reservation was asked for
    typealias Completion = @Sendable (_ result: Result<WriteOutcome, StoreError>, _ reservation: Reservation?) -> Void

    let write: RunWrite
    /// The objects that its large files have become, or will become.
    let uploads: UploadedObjects
    /// Whether only a reservation is asked for, before the upload.
    let isReserving: Bool
    let completion: Completion
    /// When it was asked for (CLOCK_MONOTONIC, nanoseconds).
    let since: UInt64
    /// Its approximate size, bytes.
    let size: Int

    init(
        _ write: RunWrite, _ uploads: UploadedObjects, isReserving: Bool = false, since: UInt64,
        completion: @escaping Completion
    ) {
        (self.write, self.uploads, self.isReserving) = (write, uploads, isReserving)
        (self.since, self.completion) = (since, completion)
        size =
            if case .change(let changes) = write.action {
                changes.reduce(0) { $0 + Self.size(of: $1, uploads) }
            } else { 1000 }
    }

    private static func size(of change: DataChange, _ uploads: UploadedObjects) -> Int {
        switch change {
        case .put(_, let bytes): bytes.count
        case .rows(let rows): rows.bytes.count
        case .frame(let frame): frame.text.count
        case .append(_, let head, let bytes): head.count + bytes.count
        case .publish(let staged, _, _), .artifact(let staged, _, _): uploads.heldSize(of: staged.path)
        case .publishFolder(let staged, _, _):
            (try? staged.files())?.reduce(0) { $0 + uploads.heldSize(of: $1.place) } ?? 0
        default: 100
        }
    }
}

extension UploadedObjects {
    /// The approximate bytes of a staged file that go into the database.
    fileprivate func heldSize(of path: String) -> Int { byFile[path] != nil ? 100 : Self.size(of: path) }
}
