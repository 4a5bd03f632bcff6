import Glibc
package import JSON

/// A `rundir serve` process on a free port, killed when the value goes.
package final class Server: Sendable {
    /// The server did not come up.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        /// How it ended, where it did.
        package var ending: ChildProcess.Ending?

        package init(description: String, ending: ChildProcess.Ending? = nil) {
            (self.description, self.ending) = (description, ending)
        }
    }

    /// The port of the first address that is one of a network; 0 if there is none.
    package let port: Int
    /// Whether that port has TLS.
    package let isEncrypted: Bool
    /// The runs directory.
    package let runs: String
    /// The line that it printed when it was up.
    package let greeting: String
    package let process: ChildProcess
    private let log: TemporaryFolder

    /// The executable, which is built beside the tests (proc(5): /proc/self/exe).
    package static let executable: String = {
        let tests = target(ofLink: "/proc/self/exe")
        return tests.split(separator: "/").dropLast().reduce(into: "") { $0 += "/" + $1 } + "/rundir"
    }()

    /// Starts a server and waits for the line that says it is up.
    /// - Parameters:
    ///   - runs: the runs directory
    ///   - options: further options of `rundir serve`
    ///   - variables: further variables of its environment
    ///   - descriptors: how many files it may have open (prlimit(1)); nil: as many as the tests may
    ///   - launcher: a command that becomes the server, whose words come behind its own
    package init(
        runs: String, _ options: String..., variables: [String: String] = [:], descriptors: Int? = nil,
        launcher: [String] = []
    ) throws {
        self.runs = runs
        log = TemporaryFolder()
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let output = open("\(log.path)/output", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        let error = open("\(log.path)/log", O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        defer { for descriptor in [input, output, error] { close(descriptor) } }
        let limit = descriptors.map { ["prlimit", "--nofile=\($0):\($0)"] } ?? []
        let arguments = launcher + limit + [Self.executable, "serve", "--port", "0", "--runs", runs] + options
        let process = try ChildProcess(
            arguments, variables: variables, input: input, output: output, error: error)
        self.process = process
        let log = self.log
        _ = eventually(within: 120) { log.read("output")?.last == UInt8(ascii: "\n") || process.hasEnded }
        guard let line = log.text("output")?.split(separator: "\n").first.map(String.init) else {
            throw Failure(
                description: "the server did not come up: \(log.text("log") ?? "")",
                ending: process.hasEnded ? try process.wait() : nil)
        }
        greeting = line
        let addresses = line.split(separator: ",")[0].split(separator: " ")
        let network = addresses.first { $0.hasPrefix("http") }
        isEncrypted = network?.hasPrefix("https") ?? false
        guard network != nil || addresses.contains(where: { $0.hasPrefix("unix:") }),
            let port = network == nil ? 0 : network?.split(separator: ":").last.flatMap({ Int($0) })
        else { throw Failure(description: "the server's line names no address: \(line)") }
        self.port = port
    }

    /// What it printed.
    package var output: String { log.text("output") ?? "" }

    /// What it wrote to standard error.
    package var errors: String { log.text("log") ?? "" }

    /// What the server has open: files by their paths, connections as `socket:…` (proc(5): /proc/[pid]/fd).
    package var descriptors: [String] {
        let folder = "/proc/\(process.id)/fd"
        return names(in: folder).map { target(ofLink: "\(folder)/\($0)") }
    }

    /// How many files and connections the server has open.
    package var openDescriptors: Int { descriptors.count }

    /// How many sockets the server has open, one of which listens. (Its housekeeping threads open files of theirs when
    /// a processor is idle, so that all descriptors say little.)
    package var openSockets: Int { descriptors.count { $0.hasPrefix("socket:") } }

    /// The names and states of its threads (proc(5): /proc/[pid]/task/[tid]/stat): `R` runs or is ready to, `S` sleeps.
    package var threads: [(name: String, state: Character)] {
        let folder = "/proc/\(process.id)/task"
        return names(in: folder).compactMap { id in
            let text = String(decoding: contents(of: "\(folder)/\(id)/stat") ?? [], as: UTF8.self)
            // The name is in brackets, and may have some in it.
            guard let start = text.firstIndex(of: "("), let end = text.lastIndex(of: ")"),
                let state = text[end...].dropFirst(2).first
            else { return nil }
            return (String(text[text.index(after: start)..<end]), state)
        }
    }

    /// A new connection.
    package func connect(timeout: Int = 60) throws -> HTTPClient {
        try HTTPClient(port: port, isEncrypted: isEncrypted, timeout: timeout, recorder: .shared)
    }

    /// SIGKILL: what `kill -9` does.
    package func crash() throws {
        process.signal(SIGKILL)
        _ = try process.wait()
    }

    /// SIGTERM.
    /// - Returns: how it ended
    @discardableResult
    package func terminate() throws -> ChildProcess.Ending {
        process.signal(SIGTERM)
        return try process.wait()
    }

    /// The bytes of a file in a run's data directory; nil where there is none.
    package func file(_ name: String, of run: String) -> [UInt8]? { contents(of: "\(runs)/\(run)/tfruns.d/\(name)") }

    /// The same as text.
    package func text(_ name: String, of run: String) -> String? {
        file(name, of: run).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension HTTPClient {
    /// Sends JSON.
    package func sendJSON(
        _ method: String, _ target: String, _ json: String, session: String? = nil
    ) throws -> Reply {
        let headers = session.map { [("Run-Session", $0)] } ?? []
        return try send(method, target, type: "application/json", headers: headers, text: json)
    }

    /// Sends a request without a body, which says so.
    package func sendEmpty(_ method: String, _ target: String, session: String? = nil) throws -> Reply {
        let headers = (session.map { [("Run-Session", $0)] } ?? []) + [("Content-Length", "0")]
        return try send(method, target, headers: headers)
    }
}

extension HTTPClient.Reply {
    /// The body as JSON.
    package var json: JSONValue {
        get throws { try JSONValue.parse(body) }
    }

    /// The body as a problem of RFC 9457; empty where it is none.
    package var problem: JSONObject { (try? JSONValue.parse(body))?.object ?? JSONObject() }

    /// What an error lacks of all that ERRORS.md promises of each; nothing where it is as it has to be.
    package var faultsAsProblem: [String] {
        let problem = problem
        var faults: [String] = []
        if headers["content-type"] != "application/problem+json" {
            faults.append("content type \(headers["content-type"] ?? "missing")")
        }
        for name in ["type", "title", "detail", "request_id"] where problem[name]?.string?.isEmpty != false {
            faults.append("no \(name)")
        }
        if problem["type"]?.string?.hasPrefix("/problems/") != true { faults.append("a type of another kind") }
        if problem["status"]?.number?.int != status { faults.append("another status in the body") }
        return faults
    }
}
