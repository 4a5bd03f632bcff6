import Glibc
import JSON
import TestSupport
import Testing

/// Executables of custom types have no network, and reach no other program.
@Suite struct ContainedNetworkTests {
    private let folder = TemporaryFolder()
    private let writers = TemporaryFolder()

    /// Tries every way to another program and writes down how each went. Its body is the server's port and the name of
    /// a socket that listens.
    private static let program = """
        import array, ctypes, json, os, socket, subprocess, sys, threading
        port, name = sys.stdin.read().split()
        port = int(port)
        request = b"PUT /runs/made HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\n\\r\\n"
        libc = ctypes.CDLL(None, use_errno=True)

        def call(*numbers):
            if libc.syscall(*numbers) == -1:
                raise OSError(ctypes.get_errno(), "")

        def speak(family, address):
            with socket.socket(family) as s:
                s.settimeout(5)
                s.connect(address)
                s.sendall(request)
                s.recv(1000)

        def send(family, kind, address):
            with socket.socket(family, kind) as s:
                s.sendto(request, address)

        def tell(pair):
            one, other = pair
            one.sendall(b"x")
            assert other.recv(1) == b"x"

        def thread():
            seen = []
            t = threading.Thread(target=lambda: seen.append(1))
            t.start()
            t.join()
            assert seen

        def child():
            child = subprocess.Popen(["sleep", "100"])
            child.terminate()
            assert child.wait() == -15

        server, (arch_clone, userns) = os.getppid(), ({"x86_64": 56}.get(os.uname().machine, 220), 0x10000000)
        ways = {
            "tcp4": lambda: speak(socket.AF_INET, ("127.0.0.1", port)),
            "tcp6": lambda: speak(socket.AF_INET6, ("::1", port)),
            "mapped": lambda: speak(socket.AF_INET6, ("::ffff:127.0.0.1", port)),
            "udp4": lambda: send(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", port)),
            "udp6": lambda: send(socket.AF_INET6, socket.SOCK_DGRAM, ("::1", port)),
            "abstract": lambda: speak(socket.AF_UNIX, "\\0" + name),
            "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
            "vsock": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM),
            "packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM),
            "listening": lambda: socket.create_server(("127.0.0.1", 0)),
            "datagrams": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
            "shell": lambda: subprocess.check_call(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}"]),
            "curl": lambda: subprocess.check_call(["curl", "-sfX", "PUT", f"http://127.0.0.1:{port}/runs/made"]),
            "rings": lambda: call(425, 1, ctypes.create_string_buffer(120)),
            "namespace": lambda: call(arch_clone, userns | 17, 0, 0, 0, 0),
            "signal": lambda: os.kill(server, 0),
            "group": lambda: os.killpg(os.getpgid(server), 0),
            "pidfd": lambda: call(438, os.pidfd_open(server), 0, 0),
            "memory": lambda: open(f"/proc/{server}/mem", "rb"),
            "streampair": lambda: tell(socket.socketpair()),
            "packetpair": lambda: tell(socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)),
            "pipe": lambda: subprocess.check_output("echo a | cat", shell=True),
            "thread": thread,
            "child": child,
        }
        found = {}
        for way, take in ways.items():
            try:
                take()
                found[way] = True
            except Exception as e:
                found[way] = False
                print(way, repr(e), file=sys.stderr)
        with open(sys.argv[1] + "/ways.json", "w") as f:
            json.dump(found, f)
        """
    private static let left: Set<String> = ["streampair", "packetpair", "pipe", "thread", "child"]

    /// A socket of this process, in the abstract name space (unix(7)).
    private func listen(_ name: String) -> CInt {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        #expect(code == 0 && Glibc.listen(descriptor, 5) == 0)
        return descriptor
    }

    /// The ways that worked.
    private func ways(network: Bool) throws -> Set<String> {
        writers.script("ways", Self.program, interpreter: "/usr/bin/env python3")
        writers.write("ways.json", #"{"network": \#(network)}"#)
        let server = try Server(runs: "\(folder.path)/runs", "--writers", writers.path)
        let client = try server.connect(timeout: 60)
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let name = "rundir-test-\(getpid())-\(server.port)"
        let socket = listen(name)
        defer { close(socket) }
        let reply = try client.send(
            "POST", "/runs/a/metadata/ways", type: "text/plain", text: "\(server.port) \(name)")
        #expect(reply.status == 201, "\(reply.text)")
        #expect(try client.send("GET", "/runs/made").status == (network ? 200 : 404))
        let found = try JSONValue.parse(try #require(server.file("ways.json", of: "a"))).object
        #expect(found?.count == 24)
        return Set((found?.names ?? []).filter { found?[$0] == true })
    }

    @Test func executableReachesNoServerAndNoOtherProgram() throws {
        #expect(try ways(network: false) == Self.left)
    }

    @Test func executableHasTheNetworkWhereItsSettingsSaySo() throws {
        let found = try ways(network: true)
        #expect(found.isSuperset(of: Self.left.union(["tcp4", "curl", "shell", "listening", "udp4"])), "\(found)")
        #expect(found.isDisjoint(with: ["rings", "namespace", "signal", "group", "pidfd", "memory"]), "\(found)")
    }
}
