import CLinux
import Dispatch
import Glibc
import Threads

/// Process-wide settings.
enum Process {
    /// Prepares the process. Writing to a closed connection is an error of the call, not a signal (signal(7)). Names
    /// are UTF-8 (for libarchive, setlocale(3)). The limit of open files is raised as far as allowed (getrlimit(2)).
    /// Freed memory is returned to the system.
    static func prepare() {
        clinux_return_memory()
        signal(SIGPIPE, SIG_IGN)
        setlocale(LC_CTYPE, "C.UTF-8")
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// The limit of open files is very low.
    struct TooFewFiles: Error, CustomStringConvertible {
        let count: Int
        var description: String {
            "only \(count) files may be open; rundir needs \(Process.leastFiles) at least: raise the limit (LimitNOFILE=, ulimit -n)"
        }
    }

    /// No server starts with fewer open files: it needs some 35 itself, before any client connects.
    static let leastFiles = 64

    /// Makes libdispatch open its descriptors (epoll(7), eventfd(2), timerfd_create(2)) while some are free. GRDB's
    /// queues and reads of many runs use libdispatch. It would otherwise open them at its first use, and end the
    /// process on failure; clients that hold all other descriptors could then end the server.
    static func openDispatchDescriptors() throws(TooFewFiles) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        if limit.rlim_cur < rlim_t(leastFiles) { throw TooFewFiles(count: Int(limit.rlim_cur)) }
        let isOver = DispatchSemaphore(value: 0)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(1)) { isOver.signal() }
        isOver.wait()
    }

    /// Returns memory that large requests have freed to the system, every few seconds, until the process ends.
    static func keepMemoryFree() {
        Thread(named: "memory", .low) {
            while true {
                sleep(5)
                clinux_trim_memory()
            }
        }.detach()
    }

    /// Ends the process after some seconds, even if it hangs (alarm(2)), for example on a disk that does not respond.
    /// Acknowledged writes are in the journal.
    static func end(within seconds: Int) {
        signal(SIGALRM) { _ in
            let text: StaticString =
                "rundir: did not end in time; the next start recovers from the journal\n"
            write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
            _exit(EXIT_FAILURE)
        }
        alarm(UInt32(seconds))
    }
}
