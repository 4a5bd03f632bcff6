package import Glibc
import Synchronization

/// A process that a test started, killed when the value goes.
package final class ChildProcess: Sendable {
    /// How a process ended (waitpid(2)).
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// The process could not be started, or did not end in time.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let id: pid_t
    private let ending = Mutex<Ending?>(nil)

    /// Starts a program (posix_spawnp(3)), found in `PATH` where its name has no slash.
    ///
    /// It inherits the three descriptors and no other, and no variable that would change a setting of the server.
    /// - Parameter variables: further variables of its environment
    package init(
        _ arguments: [String], variables: [String: String] = [:], input: Int32, output: Int32, error: Int32
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (source, target) in [(input, Int32(0)), (output, 1), (error, 2)] {
            posix_spawn_file_actions_adddup2(&actions, source, target)
        }
        var environment: [String] = ["LC_ALL=C.UTF-8", "TZ=UTC"]
        for name in ["PATH", "LD_LIBRARY_PATH", "HOME", "ASAN_OPTIONS", "TSAN_OPTIONS"] {
            if let value = getenv(name) { environment.append("\(name)=\(String(cString: value))") }
        }
        environment += variables.map { "\($0.key)=\($0.value)" }
        let words = arguments.map { strdup($0) } + [nil]
        let settings = environment.map { strdup($0) } + [nil]
        defer { for word in words + settings { free(word) } }
        var process = pid_t()
        let code = posix_spawnp(&process, arguments[0], &actions, nil, words, settings)
        guard code == 0 else {
            throw Failure(description: "cannot start \(arguments[0]): \(String(cString: strerror(code)))")
        }
        id = process
    }

    deinit {
        if hasEnded { return }
        kill(id, SIGKILL)
        var status: Int32 = 0
        waitpid(id, &status, 0)
    }

    /// Sends a signal, unless the process has ended.
    package func signal(_ number: Int32) {
        if !hasEnded { kill(id, number) }
    }

    /// Whether the process has ended.
    package var hasEnded: Bool {
        ending.withLock { ending in
            if ending != nil { return true }
            var status: Int32 = 0
            guard waitpid(id, &status, WNOHANG) == id else { return false }
            let signal = status & 0x7F
            ending = signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
            return true
        }
    }

    /// Waits for the end.
    package func wait(within seconds: Double = 120) throws -> Ending {
        guard eventually(within: seconds, { hasEnded }), let ending = ending.withLock({ $0 }) else {
            throw Failure(description: "the process has not ended within \(seconds) s")
        }
        return ending
    }
}

/// Asks again and again until something is so.
/// - Returns: whether it became so within that many seconds
package func eventually(within seconds: Double = 60, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = secondsNow() + seconds
    while true {
        if try condition() { return true }
        if secondsNow() > deadline { return false }
        var pause = timespec(tv_sec: 0, tv_nsec: 2_000_000)
        nanosleep(&pause, nil)
    }
}

/// Seconds on the monotonic clock (clock_gettime(2)).
package func secondsNow() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
