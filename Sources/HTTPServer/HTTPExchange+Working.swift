internal import Threads

/// Jobs that may block, on worker threads.
extension HTTPExchange {
    /// Whether nobody waits for the reply: the client has gone, or the server's time to stop is over. A long job asks
    /// now and then, from its own thread, and throws `Abandoned` or returns. Asking costs one system call.
    package var isAbandoned: Bool {
        state.isOver || server.isCutOff || client?.presence.isGone(now: monotonicNanoseconds()) ?? false
    }

    /// What a job throws if its exchange is abandoned.
    package struct Abandoned: Error {
        package init() {}
    }

    /// Throws if the exchange is abandoned.
    package func checkPresence() throws(Abandoned) { if isAbandoned { throw Abandoned() } }

    /// Runs a job that may block on a worker thread. It must not read the request's head: the client may have gone.
    package func onWorker(_ kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) {
        server.workers[kind].run(job)
    }

    /// Does the same from within `then` of `BodyPlan.collect`; call it once. While the job runs, the connection stays,
    /// and with it the head. If the client has gone before the job's turn, the job is not run.
    package func handOver(to kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) { handedOver = (kind, job) }

    /// Continues with a job on other threads, from within a job that was handed over and has not answered. The
    /// connection stays, and with it the head. If the client has gone before the job's turn, the job is not run.
    package func goOn(on kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) {
        server.workers[kind].run { [self] in
            if isAbandoned {
                respond(server.handler.response(to: HTTPFault.abandoned, of: id, in: self))
            } else {
                job()
            }
        }
    }

    /// Wakes the polling thread for work that was gathered on another thread.
    package func wakeServer() { server.wake() }
}
