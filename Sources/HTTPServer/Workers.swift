/// The threads for what may block, in pools of a fixed size, so that what is quick never waits for what is long, and
/// neither for other servers.
package struct Workers: Sendable {
    /// Which of the pools.
    package enum Kind: Sendable {
        /// What takes milliseconds: listings, single runs, metrics, readiness.
        case quick
        /// What may take as long as a client, a disk or an archive likes: uploads, bundles, changes of many runs.
        case long
        /// What waits for another server, which may be silent: contents of files that are kept there.
        case remote
    }

    package let quick: WorkerPool
    package let long: WorkerPool
    package let remote: WorkerPool

    /// Starts `count` threads of each kind, of the last one once they are needed.
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

    /// Finishes the jobs that wait, then ends the threads.
    /// - Parameter seconds: how long that may take, for each pool
    /// - Returns: whether all threads have ended
    @discardableResult
    package func stop(within seconds: Double? = nil) -> Bool {
        [quick, long, remote].map { $0.stop(within: seconds) }.allSatisfy(\.self)
    }
}
