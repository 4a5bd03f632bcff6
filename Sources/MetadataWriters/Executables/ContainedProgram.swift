internal import CContainment
internal import Glibc
internal import Threads

/// A program that cannot gain privileges, has no network, writes only below one folder, and is killed with all its
/// descendants.
struct ContainedProgram {
    /// How it ended.
    enum Ending: Equatable {
        case exited(Int)
        /// By a signal.
        case killed(Int)
        case overTime
        /// It exceeded a limit, which the text names.
        case overSize(String)
        case cancelled
    }

    /// It could not be started.
    struct StartFailure: Error {
        let reason: String
    }

    let path: String
    let argument: String
    let environment: [(String, String)]
    let workingDirectory: String
    /// The folder below which it may write.
    let writable: String
    let settings: ExecutableSettings
    let isCancelled: @Sendable () -> Bool

    /// Runs it and waits for its end.
    /// - Parameter input: the path of the file that is its standard input
    func run(input: String) throws(StartFailure) -> (Ending, LastLines) {
        let standardInput = open(input, O_RDONLY | O_CLOEXEC)
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        var pair: [CInt] = [-1, -1]
        let hasPipe = pipe(&pair) == 0
        let ends = (read: pair[0], write: pair[1])
        defer { for descriptor in [standardInput, null, ends.read] where descriptor >= 0 { close(descriptor) } }
        guard standardInput >= 0, null >= 0, hasPipe else {
            if ends.write >= 0 { close(ends.write) }
            throw StartFailure(reason: Self.reason(errno))
        }
        _ = fcntl(ends.read, F_SETFL, O_NONBLOCK)
        let process = start(standardInput, null, ends.write)
        let failure = errno
        close(ends.write)
        guard process > 0 else { throw StartFailure(reason: Self.reason(failure)) }
        return watch(process, ends.read)
    }

    private func start(_ input: CInt, _ output: CInt, _ error: CInt) -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup(argument), nil]
        var environment = environment.map { strdup("\($0.0)=\($0.1)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        return arguments.withUnsafeMutableBufferPointer { arguments in
            environment.withUnsafeMutableBufferPointer { environment in
                path.withCString { path in
                    workingDirectory.withCString { workingDirectory in
                        writable.withCString { writable in
                            var program = ccontainment_program(
                                path: path, arguments: arguments.baseAddress, environment: environment.baseAddress,
                                working_directory: workingDirectory, writable: writable, input: input, output: output,
                                error: error, memory: UInt64(settings.memory),
                                // One more than allowed, so that an excess is noticed.
                                file_size: UInt64(settings.maxOutput + 1),
                                processor_seconds: UInt64(settings.timeLimit + 1),
                                network: settings.network ? 1 : 0)
                            return ccontainment_start(&program)
                        }
                    }
                }
            }
        }
    }

    /// Watches a program until it ends or exceeds a limit, and kills all that it started.
    private func watch(_ process: pid_t, _ errors: CInt) -> (Ending, LastLines) {
        var lines = LastLines()
        var ending: Ending?
        let descriptor = ccontainment_watch(process)
        defer { if descriptor >= 0 { close(descriptor) } }
        let begun = monotonicNanoseconds()
        var round = 0
        while ending == nil {
            var polled = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
            ]
            // Short rounds, so that a fork bomb is stopped early.
            let count = poll(&polled, nfds_t(polled.count), 10)
            lines.take(from: errors)
            if count > 0, polled[0].revents != 0 { break }
            // A closed standard error is always ready.
            if polled[1].revents & Int16(POLLHUP) != 0 { usleep(10_000) }
            round += 1
            ending = overuse(
                process, seconds: Double(monotonicNanoseconds() - begun) / 1e9, looksAtFiles: round % 10 == 0)
        }
        let status = ccontainment_end(process)
        lines.take(from: errors)
        if let ending = ending ?? overuseOfFiles() { return (ending, lines) }
        let signal = Int(status & 0x7F)
        if signal == SIGXCPU { return (.overTime, lines) }
        return (signal == 0 ? .exited(Int(status >> 8) & 0xFF) : .killed(signal), lines)
    }

    private func overuse(_ process: pid_t, seconds: Double, looksAtFiles: Bool) -> Ending? {
        if isCancelled() { return .cancelled }
        if seconds > Double(settings.timeLimit) { return .overTime }
        if ccontainment_count(process) > settings.processes {
            return .overSize("more than \(settings.processes) processes at once")
        }
        return looksAtFiles ? overuseOfFiles() : nil
    }

    private func overuseOfFiles() -> Ending? {
        do throws(WriterOutput.Fault) {
            _ = try WriterOutput(writable, settings: settings, strictly: false)
            return nil
        } catch {
            return .overSize(error.reason)
        }
    }

    private static func reason(_ code: CInt) -> String {
        if code == ENOEXEC { return "it is not a program; a script has to begin with \"#!\" and its interpreter" }
        if code == ENOENT { return "it does not exist, or the interpreter in its first line does not" }
        return String(cString: strerror(code))
    }
}
