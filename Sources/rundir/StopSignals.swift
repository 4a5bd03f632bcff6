import Glibc
import Threads

/// SIGTERM, SIGINT and SIGHUP, handled by a thread of their own (sigwait(3)).
///
/// The first SIGTERM or SIGINT while serving stops the server gracefully. During start or stop, either ends the process
/// at once; acknowledged writes are in the journal.
final class StopSignals: Sendable {
    private enum Phase {
        case starting, serving, stopping
    }

    private struct State {
        var phase = Phase.starting
        /// Whether SIGHUP has arrived since the last check.
        var mustReload = false
    }

    private enum Event {
        case stop, reload
    }

    private let state = Monitor(State())
    /// What happens after the process is ended at once, for the operator.
    private let remark: String

    /// Has to be created before any thread is started, since threads inherit the signal mask (pthread_sigmask(3)).
    init(afterwards remark: String = "the next start recovers from the journal") {
        self.remark = remark
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let blocked = set
        Thread(named: "signals") { [self] in
            var set = blocked
            var signal: Int32 = 0
            while true {
                if sigwait(&set, &signal) == 0 { take(signal) }
            }
        }.detach()
    }

    private func take(_ signal: Int32) {
        state.changeForAll { state in
            if signal == SIGHUP {
                state.mustReload = true
            } else if state.phase == .serving {
                state.phase = .stopping
            } else {
                endAtOnce(by: signal, state.phase)
            }
        }
    }

    /// Ends the process with the status that a shell reports for a killed process. Not by exit(3): its handlers would
    /// wait for other threads.
    private func endAtOnce(by signal: Int32, _ phase: Phase) {
        let when = phase == .starting ? "while it was starting" : "by a second signal"
        let line = Array("rundir was ended \(when); \(remark)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        _exit(128 + signal)
    }

    /// Marks the end of the start: from now on, `waitForStop` handles a signal to stop.
    func beginServing() { state.withLock { $0.phase = .serving } }

    /// Waits for the signal to stop; calls `reload` on every SIGHUP until then.
    func waitForStop(reload: () -> Void) {
        while true {
            let event = state.wait { state -> Event? in
                if state.phase == .stopping { return .stop }
                defer { state.mustReload = false }
                return state.mustReload ? .reload : nil
            }
            if event == .stop { return }
            reload()
        }
    }
}
