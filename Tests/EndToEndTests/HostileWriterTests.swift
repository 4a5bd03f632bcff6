import Glibc
import JSON
import TestSupport
import Testing

/// Executables that do harm, or try to: none of it reaches the server, another run or a file outside of staging.
@Suite struct HostileWriterTests {
    private let folder = TemporaryFolder()
    private let writers = TemporaryFolder()

    struct Hostile: Sendable, CustomTestStringConvertible {
        let name: String
        let script: String
        var interpreter = "/bin/sh"
        var seconds = 30
        let status: Int
        let detail: String
        var testDescription: String { name }
    }

    /// What each may use is little.
    private static func settings(_ seconds: Int) -> String {
        #"{"time_limit": \#(seconds), "max_output": 1000000, "memory": 1000000000, "processes": 16}"#
    }

    static let all = [
        Hostile(name: "exits", script: "echo one >&2; echo two >&2; exit 3", status: 502, detail: "status 3"),
        Hostile(name: "killsitself", script: "kill -SEGV $$", status: 502, detail: "signal 11"),
        Hostile(
            name: "sleeps", script: "sleep 987 & (sleep 987 & sleep 987) & sleep 987", seconds: 2, status: 504,
            detail: "longer than 2 s"),
        Hostile(
            name: "leaveschildren",
            script: "(trap '' HUP; sleep 987) & mkdir $1/leaveschildren; echo x > $1/leaveschildren/x",
            status: 201, detail: ""),
        Hostile(
            name: "escapesitsgroup", script: "setsid sleep 987 & setsid -f sleep 987; exit 4", status: 502,
            detail: "status 4"),
        Hostile(name: "spins", script: "while :; do :; done", seconds: 2, status: 504, detail: "longer than 2 s"),
        Hostile(
            name: "links", script: "mkdir $1/links; ln -s /etc/passwd $1/links/passwd", status: 502,
            detail: "\"links/passwd\" is a link"),
        Hostile(
            name: "hardlinks", script: "mkdir $1/hardlinks; echo > $1/hardlinks/a; ln $1/hardlinks/a $1/hardlinks/b",
            status: 502, detail: "is a hard link"),
        Hostile(name: "pipes", script: "mkfifo $1/pipe", status: 502, detail: "a device, a socket or a pipe"),
        Hostile(
            name: "takesflags", script: "echo 1 > $1/flags.json", status: 502,
            detail: "\"flags.json\" belongs to a standard type"),
        Hostile(
            name: "takesproperties", script: "mkdir $1/properties; echo TRUE > $1/properties/completed", status: 502,
            detail: "belongs to a standard type"),
        Hostile(
            name: "fills", script: "cat /dev/zero > $1/big", status: 502, detail: "more than 1000000 bytes"),
        Hostile(
            name: "fillsbyparts",
            script: "i=0; while :; do i=$((i+1)); head -c 90000 /dev/zero > $TMPDIR/$i; done", status: 502,
            detail: "more than 1000000 bytes"),
        Hostile(
            name: "manyfiles", script: "import sys\nfor i in range(11000): open(f'{sys.argv[1]}/{i}', 'w').close()",
            // On a busy machine it waits for those who count its files.
            interpreter: "/usr/bin/env python3", seconds: 300, status: 502, detail: "more than 10000 files"),
        Hostile(
            name: "digs", script: "while :; do mkdir d; cd -P d; done", status: 502, detail: "nested folders"),
        Hostile(
            name: "floods", script: "yes $(head -c 5000 /dev/zero | tr '\\0' x) >&2", seconds: 2, status: 504,
            detail: "2 s"),
        Hostile(
            name: "forks", script: "b() { b | b & }; b; sleep 987", status: 502,
            detail: "more than 16 processes at once"),
        Hostile(
            name: "eatsmemory", script: "b = bytearray(4 << 30)", interpreter: "/usr/bin/env python3", status: 502,
            detail: "MemoryError"),
        Hostile(
            name: "names", script: "import os, sys; open(os.fsencode(sys.argv[1]) + b'/\\xff\\xfe', 'w')",
            interpreter: "/usr/bin/env python3", status: 502, detail: "not a valid file name"),
        Hostile(
            name: "nointerpreter", script: "", interpreter: "/no/such/thing", status: 502, detail: "cannot be started"),
    ]

    private func server() throws -> Server {
        for hostile in Self.all {
            writers.script(hostile.name, hostile.script, interpreter: hostile.interpreter)
            writers.write("\(hostile.name).json", Self.settings(hostile.seconds))
        }
        return try Server(runs: "\(folder.path)/runs", "--writers", writers.path)
    }

    @Test func noneOfThemHarmsAnything() throws {
        let server = try server()
        let client = try server.connect(timeout: 400)
        for run in ["victim", "target"] {
            #expect(try client.send("PUT", "/runs/\(run)").status == 201)
            #expect(try client.sendJSON("POST", "/runs/\(run)/metadata/flags", #"{"lr": 0.1}"#).status == 201)
        }
        let before = DirectoryTree("\(server.runs)/victim").entries
        let target = DirectoryTree("\(server.runs)/target").entries
        for hostile in Self.all {
            let reply = try client.send(
                "POST", "/runs/target/metadata/\(hostile.name)", type: "text/plain", text: "body")
            #expect(reply.status == hostile.status, "\(hostile.name): \(reply.text)")
            if hostile.status != 201 {
                let detail = try reply.json["detail"]?.string ?? ""
                #expect(detail.contains(hostile.detail), "\(hostile.name): \(detail)")
            }
            #expect(try client.send("GET", "/health").status == 200, "\(hostile.name)")
        }
        #expect(DirectoryTree("\(server.runs)/victim").entries == before)
        var after = DirectoryTree("\(server.runs)/target").entries
        for name in after.keys where name.contains("leaveschildren") { after[name] = nil }
        #expect(after == target)
        #expect(server.text("leaveschildren/x", of: "target") == "x\n")
        // Nothing that they started is left, and nothing that they made.
        #expect(try Command("pgrep", "-f", "sleep 987").ending == .exited(1))
        let staging = "\(server.runs)/.rundir/staging"
        #expect(eventually { DirectoryTree(staging).entries.isEmpty }, "\(DirectoryTree(staging))")
        #expect(try server.terminate() == .exited(0))
    }

    /// What Landlock and seccomp keep: each line of the script is a way out, and each has to fail, or do nothing.
    @Test func noWayOutOfStaging() throws {
        folder.write("outside/kept", "kept")
        let outside = "\(folder.path)/outside"
        let runs = "\(folder.path)/runs"
        writers.script(
            "escapes",
            """
            echo x > \(outside)/new
            echo x >> \(outside)/kept
            rm -f \(outside)/kept
            mv \(outside)/kept $1/stolen
            ln \(outside)/kept $1/linked
            mkdir \(outside)/folder
            truncate -s 0 \(outside)/kept
            chmod 0 \(outside)/kept
            touch -d 2001-01-01 \(outside)/kept
            echo x > $RUNDIR_CURRENT/flags.json
            rm -rf $RUNDIR_CURRENT
            echo x > \(runs)/.rundir/lock
            kill -9 $PPID
            prlimit --pid $PPID --fsize=0
            cat $RUNDIR_CURRENT/flags.json > $1/seen
            exit 0
            """)
        let server = try Server(runs: runs, "--writers", writers.path)
        let client = try server.connect(timeout: 60)
        #expect(try client.send("PUT", "/runs/a").status == 201)
        #expect(try client.sendJSON("POST", "/runs/a/metadata/flags", #"{"lr":0.1}"#).status == 201)
        let before = DirectoryTree("\(runs)/a").entries
        var status = stat()
        stat("\(outside)/kept", &status)
        let reply = try client.send("POST", "/runs/a/metadata/escapes", type: "text/plain", text: "x")
        #expect(reply.status == 201, "\(reply.text)")
        #expect(folder.text("outside/kept") == "kept")
        #expect(DirectoryTree(outside).entries.count == 1)
        var now = stat()
        stat("\(outside)/kept", &now)
        #expect(now.st_mode == status.st_mode)
        #expect(now.st_mtim.tv_sec == status.st_mtim.tv_sec)
        var after = DirectoryTree("\(runs)/a").entries
        for name in after.keys where name.hasSuffix("seen") { after[name] = nil }
        #expect(after == before)
        // What it has is there to be read.
        #expect(server.text("seen", of: "a") == server.text("flags.json", of: "a"))
        #expect(try client.sendJSON("POST", "/runs/a/metadata/evaluation", #"{"acc": 1}"#).status == 201)
    }

    @Test func environmentIsCleanAndDescriptorsAreClosed() throws {
        writers.script(
            "tells", "env | sort > $1/environment; ls /proc/self/fd > $1/descriptors; pwd > $1/folder; cat > $1/body")
        setenv("RUNDIR_TEST_SECRET", "secret", 1)
        let server = try Server(runs: "\(folder.path)/runs", "--writers", writers.path)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let reply = try client.send(
            "POST", "/runs/a/metadata/tells?a=1&b=x%20y&a=2", type: "text/x-thing; v=1", text: "the body")
        #expect(reply.status == 201, "\(reply.text)")
        #expect(server.text("body", of: "a") == "the body")
        // ls has opened the folder that it reads.
        #expect(server.text("descriptors", of: "a") == "0\n1\n2\n3\n")
        let environment = server.text("environment", of: "a") ?? ""
        for line in [
            "RUN_ID=a", "METADATA_TYPE=tells", "CONTENT_TYPE=text/x-thing; v=1", "CONTENT_LENGTH=8",
            #"RUNDIR_QUERY={"a":["1","2"],"b":"x y"}"#, "RUNDIR_CURRENT=\(server.runs)/a/tfruns.d",
        ] {
            #expect(environment.split(separator: "\n").contains(Substring(line)), "\(line): \(environment)")
        }
        #expect(!environment.contains("secret"))
        let folder = server.text("folder", of: "a") ?? ""
        #expect(folder.hasPrefix("\(server.runs)/.rundir/staging/job-"), "\(folder)")
    }

    // MARK: Many at once

    /// With one job at a time and a writer that waits for a file, the rest queue up while other requests are served.
    @Test func serverAnswersWhileWritersWait() throws {
        let gate = "\(folder.path)/gate"
        writers.script("waits", "while [ ! -e \(gate) ]; do sleep 0.05; done")
        let server = try Server(runs: "\(folder.path)/runs", "--writers", writers.path, "--writer-jobs", "1")
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/a").status == 201)
        let waiting = try (0..<6).map { _ in try server.connect(timeout: 60) }
        for client in waiting {
            try client.write(HTTPClient.request("POST", "/runs/a/metadata/waits", type: "text/plain", body: [0x78]))
        }
        for _ in 0..<50 {
            #expect(try client.sendJSON("POST", "/runs/a/metadata/metrics", #"{"loss": 1}"#).status == 201)
            #expect(try client.send("GET", "/runs/a").status == 200)
        }
        folder.write("gate", "")
        for client in waiting { #expect(try client.read().status == 201) }
    }

    @Test func stoppingEndsTheWritersThatRun() throws {
        writers.script("sleeps", "sleep 986")
        let server = try Server(runs: "\(folder.path)/runs", "--writers", writers.path)
        let client = try server.connect(timeout: 60)
        #expect(try client.send("PUT", "/runs/a").status == 201)
        try client.write(HTTPClient.request("POST", "/runs/a/metadata/sleeps", type: "text/plain", body: [0x78]))
        #expect(eventually { (try? Command("pgrep", "-f", "sleep 986").ending) == .exited(0) })
        #expect(try server.terminate() == .exited(0), "\(server.errors)")
        #expect(try Command("pgrep", "-f", "sleep 986").ending == .exited(1))
    }
}
