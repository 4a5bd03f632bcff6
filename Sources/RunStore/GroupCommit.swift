/// A store that makes all waiting writes durable together, when it is told to: by a thread that has gathered as many as
/// it can.
package protocol GroupCommit: Sendable {
    /// Whether a write waits and no thread is committing.
    var hasWaitingWrites: Bool { get }

    /// Makes all waiting writes durable and visible with one sync, then completes them. Returns at once if another
    /// thread is committing. Blocks on the disk.
    func commit()

    /// Registers the committer's wake-up: called when something waits that another thread submitted. Until one is
    /// registered, the submitting thread commits.
    func onWaiting(_ call: @escaping @Sendable () -> Void)
}
