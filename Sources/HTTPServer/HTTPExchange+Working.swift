internal import Threads

/// Jobs that may block, on worker threads.
extension HTTPExchange {
    /// Whether nobody waits for the reply: its client has gone, or the server's time to stop is over. A job that takes
    /// long asks now and then, from its own thread, and throws `Abandoned` or returns; asking costs one system call.
    package var isAbandoned: Bool {
        state.isOver || server.isCutOff || client?.presence.isGone(now: monotonicNanoseconds()) ?? false
    }

    /// What a job throws once its exchange is abandoned.
    package struct Abandoned: Error {
        package init() {}
    }

    /// Throws where the exchange is abandoned.
    package func checkPresence() throws(Abandoned) { if isAbandoned { throw Abandoned() } }

    /// Runs a job that may block on a worker thread. It may not look at the request's head: the client may be gone.
    package func onWorker(_ kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) {
        server.workers[kind].run(job)
    }

    /// The same from within `then` of `BodyPlan.collect`, once. The connection stays while the job runs, and with it
    /// the head. A job whose client has gone by the time of its turn is not run.
    package func handOver(to kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) { handedOver = (kind, job) }

    /// Goes on with a job on other threads, from within one that was handed over and has not answered. The connection
    /// stays, and with it the head. A job whose client has gone by the time of its turn is not run.
    package func goOn(on kind: Workers.Kind, _ job: @escaping @Sendable () -> Void) {
        server.workers[kind].run { [self] in
            if isAbandoned {
                respond(server.handler.response(to: HTTPFault.abandoned, of: id, in: self))
            } else {
                job()
            }
        }
    }

    /// Makes the polling thread see work that was gathered on another thread.
    package func wakeServer() { server.wake() }
}
