import Foundation
import JSON
import TestSupport
import Testing

/// nginx before the server, with the configuration that docker/OPERATING.md gives.
@Suite struct ProxyTests {
    private let folder = TemporaryFolder()
    private let server: Server
    private let nginx: ChildProcess
    private let port: Int

    init() throws {
        let folder = self.folder
        let port = try Self.freePort()
        self.port = port
        server = try Server(
            runs: "\(folder.path)/runs", "--listen", "unix:\(folder.path)/socket", "--allow-host", "runs.example.org")
        try Command.succeed(
            "sh", "-c",
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -days 30 "
                + "-subj /CN=runs.example.org -addext subjectAltName=DNS:runs.example.org", directory: folder.path)
        var site = try OperatingPage.block("nginx")
        for (from, to) in [
            ("unix:/run/rundir/socket", "unix:\(folder.path)/socket"),
            ("listen 443 ssl", "listen 127.0.0.1:\(port) ssl"),
            ("/etc/ssl/certs/runs.example.org.pem", "\(folder.path)/c.pem"),
            ("/etc/ssl/private/runs.example.org.key", "\(folder.path)/k.pem"),
        ] {
            #expect(site.contains(from), "\(from) is in the page's configuration")
            site = site.replacing(from, with: to)
        }
        for name in ["body", "proxy", "fastcgi", "uwsgi", "scgi"] { mkdir("\(folder.path)/\(name)", 0o777) }
        folder.write(
            "nginx.conf",
            """
            daemon off; master_process off; pid \(folder.path)/pid; error_log \(folder.path)/error.log; worker_processes 1; user root;
            events {}
            http {
                access_log off;
                client_body_temp_path \(folder.path)/body; proxy_temp_path \(folder.path)/proxy;
                fastcgi_temp_path \(folder.path)/fastcgi; uwsgi_temp_path \(folder.path)/uwsgi;
                scgi_temp_path \(folder.path)/scgi;
            \(site)
            }
            """)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        nginx = try ChildProcess(
            ["nginx", "-e", "\(folder.path)/error.log", "-c", "\(folder.path)/nginx.conf"], input: null, output: null,
            error: null)
        let isUp = eventually(within: 20) { (try? HTTPClient(port: port)) != nil }
        #expect(isUp, "\(folder.text("error.log") ?? "")")
    }

    /// A port that nothing listens on now.
    private static func freePort() throws -> Int {
        let text = try Command.python(
            "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])", directory: "/")
        return Int(String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    private func curl(_ path: String, _ options: String...) throws -> [UInt8] {
        let words = [
            "curl", "-sS", "-f", "--cacert", "\(folder.path)/c.pem", "--connect-to",
            "runs.example.org:\(port):127.0.0.1:\(port)",
        ]
        let command = try Command(arguments: words + options + ["https://runs.example.org:\(port)\(path)"])
        #expect(command.ending == .exited(0), "\(command.errors) \(folder.text("error.log") ?? "")")
        return command.output
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func rowsAndUploadsPassThrough() throws {
        _ = try curl("/runs/a", "-X", "PUT")
        _ = try curl("/runs/a/metadata/metrics", "-d", #"{"epoch": 1, "loss": 0.5}"#)
        #expect(text(try curl("/runs/a/metrics?format=csv")).hasSuffix("1,0.5\n"))
        // More than nginx allows by itself.
        try Command.succeed("sh", "-c", "head -c 20000000 /dev/urandom > net.pt", directory: folder.path)
        _ = try curl("/runs/a/files/net.pt", "-T", "\(folder.path)/net.pt")
        #expect(try curl("/runs/a/files/net.pt") == folder.read("net.pt"))
    }

    /// A page of this site may change something: its origin is compared with what the proxy passes on.
    @Test func requestsOfTheProxysOwnPagesAreAllowed() throws {
        _ = try curl("/runs/a", "-X", "PUT", "-H", "Origin: https://runs.example.org:\(port)")
    }

    @Test func eventsArriveAtOnce() throws {
        _ = try curl("/runs/a", "-X", "PUT")
        let client = try HTTPClient(port: port, isEncrypted: true, timeout: 20)
        try client.write(
            Array("GET /runs/a/events HTTP/1.1\r\nHost: runs.example.org:\(port)\r\n\r\n".utf8))
        let reply = try client.read(hasBody: false)
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "text/event-stream")
        var said = ""
        for epoch in 1...3 {
            _ = try curl("/runs/a/metadata/metrics", "-d", #"{"epoch": \#(epoch), "loss": 0.5}"#)
            while !said.contains(#""epoch":\#(epoch)"#) && !said.contains(#""epoch": \#(epoch)"#) {
                said += text(try #require(try client.readChunk()))
            }
        }
    }
}
