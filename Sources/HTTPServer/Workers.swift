/// The threads for what may block, in two pools of a fixed size, so that what is quick never waits for what is long.
package struct Workers: Sendable {
    /// Which of the two.
    package enum Kind: Sendable {
        /// What takes milliseconds: listings, single runs, metrics, readiness.
        case quick
        /// What may take as long as a client, a disk or an archive likes: uploads, bundles, changes of many runs.
        case long
    }

    package let quick: WorkerPool
    package let long: WorkerPool

    /// Starts `count` threads of each kind.
    package init(threads count: Int) {
        quick = WorkerPool(threads: count, name: "quick")
        long = WorkerPool(threads: count, name: "long")
    }

    package subscript(kind: Kind) -> WorkerPool {
        switch kind {
        case .quick: quick
        case .long: long
        }
    }

    /// Finishes the jobs that wait, then ends the threads.
    /// - Parameter seconds: how long that may take, for each pool
    /// - Returns: whether all threads have ended
    @discardableResult
    package func stop(within seconds: Double? = nil) -> Bool {
        let hasQuickEnded = quick.stop(within: seconds)
        return long.stop(within: seconds) && hasQuickEnded
    }
}
