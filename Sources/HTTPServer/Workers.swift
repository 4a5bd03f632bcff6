/// Threads for jobs that may block, in pools of a fixed size. So quick jobs never wait for long ones, and neither of
/// them for other servers.
package struct Workers: Sendable {
    /// Which of the pools.
    package enum Kind: Sendable {
        /// Takes milliseconds: listings, single runs, metrics, readiness.
        case quick
        /// Takes as long as a client, a disk or an archive needs: uploads, bundles, changes of many runs.
        case long
        /// Waits for another server, which may not answer: contents of files that are kept there.
        case remote
    }

    package let quick: WorkerPool
    package let long: WorkerPool
    package let remote: WorkerPool

    /// Starts `count` threads of each kind; those of the last kind start with its first job.
    package init(threads count: Int) {
        quick = WorkerPool(threads: count, name: "quick")
        long = WorkerPool(threads: count, name: "long")
        remote = WorkerPool(threads: count, name: "remote", startsLate: true)
    }

    package subscript(kind: Kind) -> WorkerPool {
        switch kind {
        case .quick: quick
        case .long: long
        case .remote: remote
        }
    }

    /// Finishes the waiting jobs, then ends the threads.
    /// - Parameter seconds: how long that may take, for each pool
    /// - Returns: whether all threads have ended
    @discardableResult
    package func stop(within seconds: Double? = nil) -> Bool {
        [quick, long, remote].map { $0.stop(within: seconds) }.allSatisfy(\.self)
    }
}
