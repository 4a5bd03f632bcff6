import Foundation
import JSON
import TestSupport
import Testing

/// What `docker/OPERATING.md` says is so.
@Suite struct OperatingTests {
    private static let starting = "When it does not start"

    private let folder = TemporaryFolder()
    private let page: OperatingPage

    private var runs: String { "\(folder.path)/runs" }

    init() throws { page = try OperatingPage() }

    // MARK: When it does not start

    @Test(
        "A start that fails says what the page lists, in one line, and ends",
        arguments: StartFailure.allCases.filter { !$0.needsMount && $0 != .lowPort })
    func startFails(_ failure: StartFailure) throws { try expect(failure) }

    @Test(
        "So does one on a disk that takes nothing",
        .enabled(if: SmallDisk.canBeMade, "needs the right to mount a tmpfs"),
        arguments: StartFailure.allCases.filter(\.needsMount))
    func startFailsOnADisk(_ failure: StartFailure) throws { try expect(failure) }

    @Test(.enabled(if: StartFailure.hasLowPorts, "every user may have ports under 1024 here"))
    func soDoesOneOnALowPort() throws { try expect(.lowPort) }

    @Test func everyQuotedFailureIsOneThatATestBringsAbout() {
        let quoted = page.names(in: Self.starting).joined()
        #expect(!quoted.isEmpty)
        let known = Set(StartFailure.allCases.map(\.rawValue) + StartFailure.untried)
        #expect(Set(quoted).subtracting(known) == [])
        #expect(known.subtracting(quoted) == [])
    }

    private func expect(_ failure: StartFailure) throws {
        let start = try failure.provoke()
        #expect(start.ending == .exited(failure.status), "\(start.errors)")
        #expect(start.output.isEmpty)
        let said = start.errors.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
        #expect(said.count == 1 && OperatingPage.matches(failure.rawValue, String(said[0])), "\(start.errors)")
    }

    // MARK: What to watch

    @Test func numbersForPrometheusAreThoseThatThePageLists() throws {
        let server = try Server(runs: runs, "--max-total-bytes", "1000000000")
        let text = try server.connect().send("GET", "/metrics").text
        let families = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
            $0.split(separator: " ")[2]
        }
        let listed = page.names(in: "What to watch").joined().filter {
            $0.hasPrefix("rundir_") || $0.hasPrefix("process_")
        }
        #expect(Set(listed) == Set(families.map(String.init)))
        #expect(listed.count == families.count)
    }

    // MARK: What each directory is

    @Test func everythingOfTheServersOwnIsExplained() throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        #expect(try client.send("PUT", "/runs/there").status == 201)
        #expect(try client.sendEmpty("POST", "/runs/there/archive").status == 200)
        #expect(try client.sendJSON("POST", "/runs/waits/metadata/flags", #"{"lr": 1}"#).status == 202)
        #expect(try client.send("GET", "/runs").status == 200)
        let named = page.names(in: "What each directory is").joined()
        let own = try FileManager.default.contentsOfDirectory(atPath: "\(runs)/.rundir").map { ".rundir/\($0)" }
        for name in own + ["archive"] {
            let isNamed = named.contains {
                $0 == name || $0 == "\(name)/" || $0.hasPrefix("\(name)/")
                    || ($0.hasSuffix("*") && name.hasPrefix($0.dropLast()))
            }
            #expect(isNamed, "\(name)")
        }
        #expect(own.count > 5)
    }

    // MARK: Move to another machine

    @Test func directoryCopiedWhileServedAndOnceMoreAfterAStopIsWhole() throws {
        let server = try Server(runs: runs)
        let client = try server.connect()
        let moved = "\(folder.path)/moved"
        for run in ["first", "archived", "removed"] { try write(run, client) }
        #expect(try client.sendJSON("POST", "/runs/waits/metadata/flags", #"{"lr": 1}"#).status == 202)
        #expect(try client.send("PUT", "/runs/first/files/model", text: "old").status == 201)
        try Command.succeed("rsync", "-a", "\(runs)/", "\(moved)/")
        #expect(try client.send("PUT", "/runs/first/files/model", text: "new").status == 204)
        // As if it had come in the same second.
        try Command.succeed("touch", "--date=@1000000000", "\(runs)/first/model", "\(moved)/first/model")
        for run in ["second", "third"] { try write(run, client) }
        #expect(try client.sendEmpty("POST", "/runs/archived/archive").status == 200)
        #expect(try client.send("DELETE", "/runs/removed?force=true").status == 204)
        #expect(try server.terminate() == .exited(0))
        try Command.succeed("rsync", "-a", "--delete", "--checksum", "\(runs)/", "\(moved)/")

        let check = try Command(Server.executable, "check", "--runs", moved)
        #expect(check.ending == .exited(0), "\(String(decoding: check.output, as: UTF8.self))")
        let there = try Server(runs: moved)
        let other = try there.connect()
        let listed = try other.send("GET", "/runs?where=flag_lr%20==%201&order=run").json["runs"]?.array ?? []
        #expect(listed.compactMap { $0["run"]?.string } == ["first", "second", "third"])
        #expect(try other.send("GET", "/runs/archived").json["status"]?.string == "archived")
        #expect(try other.send("GET", "/runs/active").json["run"]?.string == "third")
        #expect(try other.send("GET", "/runs/first/files/model").text == "new")
        #expect(try other.send("PUT", "/runs/waits").status == 201)
        #expect(try other.send("GET", "/runs/waits").json["flag_lr"]?.number?.text == "1")
    }

    private func write(_ run: String, _ client: HTTPClient) throws {
        #expect(try client.sendJSON("PUT", "/runs/\(run)", #"{"flags": {"lr": 1}}"#).status == 201)
        #expect(try client.sendJSON("POST", "/runs/\(run)/metadata/metrics", #"{"epoch": 0, "loss": 1}"#).status == 201)
    }
}
