import Glibc

/// A shell that runs a server and waits (`read`) for the end of its standard input, to end the server then: when
/// `end()` is called, and when the tests' process ends in whatever way.
final class TiedShell: Sendable {
    private let shell: ChildProcess
    /// The end that is written to, which nobody writes to.
    private let input: CInt

    /// - Parameters:
    ///   - arguments: `$1` and so on of the script
    ///   - log: a file for what is printed, at its end
    init(_ script: String, _ arguments: [String], log: String) throws {
        var ends: [CInt] = [0, 0]
        guard pipe(&ends) == 0 else { throw ChildProcess.Failure(description: "pipe: \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        input = ends[1]
        let output = open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        defer { for descriptor in [ends[0], output] { close(descriptor) } }
        shell = try ChildProcess(["sh", "-c", script, "sh"] + arguments, input: ends[0], output: output, error: output)
    }

    /// Has the script end the server, and waits for it. To be called once.
    func end() {
        close(input)
        _ = try? shell.wait(within: 20)
    }
}
