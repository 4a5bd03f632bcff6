import Glibc

/// What the process asks of the system.
enum Process {
    /// Prepares the process: a client that goes away is an error of a call, not a signal (signal(7)); names are UTF-8 (for
    /// libarchive, setlocale(3)); as many open files as allowed (getrlimit(2)).
    static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        setlocale(LC_CTYPE, "C.UTF-8")
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// Ends the process after some seconds, whatever it is at (alarm(2)): a disk that does not answer, say. What was
    /// acknowledged is in the journal.
    static func end(within seconds: Int) {
        signal(SIGALRM) { _ in
            let text: StaticString =
                "rundir: did not end in time; the next start recovers from the journal\n"
            write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
            _exit(EXIT_FAILURE)
        }
        alarm(UInt32(seconds))
    }

    /// SIGTERM, SIGINT and SIGHUP, taken by the one thread that waits for them (sigwait(3)).
    struct Signals {
        private var set = sigset_t()

        /// Has to be made before any thread is started, since threads inherit what is blocked.
        init() {
            sigemptyset(&set)
            sigaddset(&set, SIGTERM)
            sigaddset(&set, SIGINT)
            sigaddset(&set, SIGHUP)
            pthread_sigmask(SIG_BLOCK, &set, nil)
        }

        /// Waits for the one to stop, and calls `reload` at every SIGHUP before.
        func waitForStop(reload: () -> Void) {
            var set = set
            var signal: Int32 = 0
            while true {
                sigwait(&set, &signal)
                if signal != SIGHUP { return }
                reload()
            }
        }
    }
}
