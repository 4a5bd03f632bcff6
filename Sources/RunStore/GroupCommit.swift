/// A store that makes the writes that wait durable together, when it is told to: by a thread that has gathered what it
/// can.
package protocol GroupCommit: Sendable {
    /// Whether a write waits and nobody is at it.
    var hasWaitingWrites: Bool { get }

    /// Makes all writes that wait durable and visible with one sync, then completes them. Returns at once when another
    /// thread is at it. Blocks on the disk.
    func commit()

    /// Registers the committer's wake-up: called when something waits that was asked for on another thread. Until one
    /// is registered, whoever asks commits.
    func onWaiting(_ call: @escaping @Sendable () -> Void)
}
