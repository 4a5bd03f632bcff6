import Glibc
import JSON
import TestSupport
import Testing

/// What an executable of a custom type may ask of the kernel.
@Suite struct ContainedCallsTests {
    private let folder = TemporaryFolder()
    private let writers = TemporaryFolder()

    /// Makes each call and writes down its errno, 0 where it went well.
    private static let program = """
        import ctypes, json, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        server, me = os.getppid(), os.getpid()
        room = ctypes.create_string_buffer(1024)
        child = os.fork()
        if child == 0:
            libc.pause()
        x86 = os.uname().machine == "x86_64"
        keyctl, clone3 = (250 if x86 else 219), 435
        calls = {
            "setsid": lambda: libc.setsid(),
            "setpgid": lambda: libc.setpgid(child, child),
            "shmget": lambda: libc.shmget(0, 4096, 0o1600),
            "msgget": lambda: libc.msgget(0, 0o1600),
            "semget": lambda: libc.semget(0, 1, 0o1600),
            "mq_open": lambda: libc.mq_open(b"/rundir-test", os.O_RDWR | os.O_CREAT, 0o600, None),
            "unshare": lambda: libc.unshare(0x10000000),
            "setns": lambda: libc.setns(0, 0),
            "clone3": lambda: libc.syscall(clone3, None, 0),
            "ptrace": lambda: libc.ptrace(16, server, None, None),
            "readv": lambda: libc.process_vm_readv(server, None, 0, None, 0, 0),
            "writev": lambda: libc.process_vm_writev(server, None, 0, None, 0, 0),
            "keyctl": lambda: libc.syscall(keyctl, 0, -3, 0),
            "prlimit": lambda: libc.prlimit(server, 1, None, room),
            "affinity": lambda: libc.sched_setaffinity(server, 128, room),
            "scheduler": lambda: libc.sched_setscheduler(server, 0, room),
            "priority": lambda: libc.setpriority(0, server, 19),
            "kill": lambda: libc.kill(server, 0),
            "tgkill": lambda: libc.tgkill(server, server, 0),
            "sigqueue": lambda: libc.sigqueue(server, 0, None),
            "own prlimit": lambda: libc.prlimit(0, 1, None, room),
            "own priority": lambda: libc.setpriority(0, 0, 19),
            "own group": lambda: libc.kill(0, 0),
            "own group by number": lambda: libc.killpg(os.getpgid(0), 0),
            "child": lambda: libc.kill(child, 9),
            "chmod": lambda: libc.chmod(sys.argv[0].encode(), 0),
            "chown": lambda: libc.chown(sys.argv[0].encode(), 1, 1),
            "utimes": lambda: libc.utimes(sys.argv[0].encode(), None),
            "setxattr": lambda: libc.setxattr(sys.argv[0].encode(), b"user.a", b"a", 1, 0),
        }
        found = {}
        for name, call in calls.items():
            ctypes.set_errno(0)
            found[name] = ctypes.get_errno() if call() == -1 else 0
        with open(sys.argv[1] + "/calls.json", "w") as f:
            json.dump(found, f)
        """

    /// Calls that do no harm. Those that change a file's mode, owner, times or attributes only seem to be done.
    private static let harmless: Set<String> = [
        "own prlimit", "own priority", "own group", "own group by number", "child", "chmod", "chown", "utimes",
        "setxattr",
    ]

    /// Fails when a rule of the filter is left out; which of the two keeps signals in, Landlock or the filter, is the
    /// kernel's.
    @Test func callsThatLeadOutOfTheContainmentAreRefused() throws {
        writers.script("calls", Self.program, interpreter: "/usr/bin/env python3")
        let path = "\(writers.path)/calls"
        var before = stat()
        stat(path, &before)
        let server = try Server(runs: "\(folder.path)/runs", "--writers", writers.path)
        let client = try server.connect(timeout: 60)
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let reply = try client.send("POST", "/runs/a/metadata/calls", type: "text/plain", text: "x")
        #expect(reply.status == 201, "\(reply.text)")
        let found = try JSONValue.parse(try #require(server.file("calls.json", of: "a"))).object
        #expect(found?.count == 29)
        for name in found?.names ?? [] {
            let expected = Self.harmless.contains(name) ? 0 : name == "clone3" ? ENOSYS : EPERM
            #expect(found?[name]?.number.flatMap { Int32($0.text) } == expected, "\(name)")
        }
        var after = stat()
        stat(path, &after)
        #expect(after.st_mode == before.st_mode && after.st_uid == before.st_uid)
        #expect(after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_mtim.tv_nsec == before.st_mtim.tv_nsec)
    }
}
